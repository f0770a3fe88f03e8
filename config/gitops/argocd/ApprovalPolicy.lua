-- For ApprovalPolicy and ClusterApprovalPolicy. Healthy once the API server enforces it, so that a later sync wave may rely on it.
local health = { status = "Progressing", message = "waiting for the guards to be applied" }
if obj.status == nil or obj.status.conditions == nil then
  return health
end
local generation = obj.metadata.generation
local observed = obj.status.observedGeneration
if generation ~= nil and observed ~= nil and observed < generation then
  return health
end
for _, condition in ipairs(obj.status.conditions) do
  if condition.type == "Ready" then
    health.message = condition.message
    if condition.status == "True" then
      health.status = "Healthy"
    elseif condition.status == "False" and condition.reason ~= "GuardsPending" then
      health.status = "Degraded"
    end
  end
end
return health
