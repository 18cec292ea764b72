# A placeholder, good for stand-ins of the services only; remove this file before a real run and set
# TF_VAR_password.

password = "Placeholder-1"
