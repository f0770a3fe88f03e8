-- Progressing until its work has ended: waiting for people is progress, not health.
local health = { status = "Progressing", message = "waiting for the operator" }
if obj.status == nil or obj.status.phase == nil then
  return health
end
local generation = obj.metadata.generation
local observed = obj.status.observedGeneration
if generation ~= nil and observed ~= nil and observed < generation then
  health.message = "waiting for the operator to see the latest change"
  return health
end
local phase = obj.status.phase
health.message = phase
for _, condition in ipairs(obj.status.conditions or {}) do
  if condition.type == "Ready" and condition.message ~= nil and condition.message ~= "" then
    health.message = phase .. ": " .. condition.message
  end
end
if phase == "Succeeded" then
  health.status = "Healthy"
elseif phase == "Failed" or phase == "RolledBack" or phase == "Rejected" or phase == "Cancelled" or phase == "Expired" then
  health.status = "Degraded"
end
return health
