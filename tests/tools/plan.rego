package plan

import rego.v1

# What would be done, by kind. regopy writes quotes in strings as they are, so that its own output
# would not be JSON: addresses are told in base64.
address(change) := base64.encode(change.address)

does(change, action) if action in change.change.actions

creates contains address(c) if {
	some c in input.resource_changes
	does(c, "create")
	not does(c, "delete")
}

replaces contains address(c) if {
	some c in input.resource_changes
	does(c, "create")
	does(c, "delete")
}

deletes contains address(c) if {
	some c in input.resource_changes
	c.change.actions == ["delete"]
}

updates contains address(c) if {
	some c in input.resource_changes
	does(c, "update")
}

# A key that is not known before it is applied is none that was configured.
no_key contains address(c) if {
	some c in input.resource_changes
	c.type == "aws_appflow_connector_profile"
	c.change.after != null
	not c.change.after.kms_arn
}

# Where a value is secret, and what stands there.
told contains address(c) if {
	some c in input.resource_changes
	some side in ["before", "after"]
	walk(c.change[sprintf("%s_sensitive", [side])], [path, true])
	value := object.get(c.change[side], path, null)
	value != null
}
