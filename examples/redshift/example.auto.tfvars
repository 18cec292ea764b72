# A placeholder, good for the embedded endpoint only; remove this file before a real run and set
# TF_VAR_password.

password = "placeholder-password"
