-- A Job that Countersign holds, or has released, is Progressing until it has ended. Every other Job is judged as Argo CD judges it
-- without this file; that part is kept as it is in Argo CD, a suspended Job being Suspended, and one that was resumed Healthy.
local function conditionsByType()
  local found = {}
  if obj.status ~= nil and obj.status.conditions ~= nil then
    for _, condition in ipairs(obj.status.conditions) do
      found[condition.type] = condition
    end
  end
  return found
end

local conditions = conditionsByType()
local failed = conditions["Failed"]
local complete = conditions["Complete"]
local suspended = conditions["Suspended"]
local held = nil
if obj.metadata.labels ~= nil then
  held = obj.metadata.labels["countersign.dev/held"]
end

if failed ~= nil then
  return { status = "Degraded", message = failed.message or "" }
end
if held == nil and suspended ~= nil and suspended.status == "True" then
  return { status = "Suspended", message = "" }
end
if complete ~= nil then
  return { status = "Healthy", message = complete.message or "" }
end

if held == "true" then
  local message = "held: waiting for approval"
  if obj.metadata.annotations ~= nil and obj.metadata.annotations["countersign.dev/request"] ~= nil then
    message = message .. " (" .. obj.metadata.annotations["countersign.dev/request"] .. ")"
  end
  return { status = "Progressing", message = message }
end
if held == "false" then
  if obj.spec ~= nil and obj.spec.suspend == true then
    return { status = "Suspended", message = "approved, and suspended by somebody who may edit it" }
  end
  return { status = "Progressing", message = "approved: running" }
end

if suspended ~= nil then
  return { status = "Healthy", message = suspended.message or "" }
end
return { status = "Progressing", message = "" }
