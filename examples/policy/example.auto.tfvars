application_key = "example"
