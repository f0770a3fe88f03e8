-- Progressing until decided, Healthy when approved, Degraded when not.
-- Reads the conditions, not the phase: the phase is only how they read.
local health = { status = "Progressing", message = "waiting for the operator" }
if obj.status == nil or obj.status.conditions == nil then
  return health
end
local generation = obj.metadata.generation
local observed = obj.status.observedGeneration
if generation ~= nil and observed ~= nil and observed < generation then
  health.message = "waiting for the operator to see the latest change"
  return health
end
for _, condition in ipairs(obj.status.conditions) do
  if condition.type == "Approved" then
    health.message = condition.message
    if condition.status == "True" then
      health.status = "Healthy"
    elseif condition.status == "False" then
      health.status = "Degraded"
    end
  end
end
return health
