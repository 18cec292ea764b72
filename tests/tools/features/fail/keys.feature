Feature: What the connector profiles of the quick start do not meet

  Scenario: Each has a key of its own
    Given I have aws_appflow_connector_profile defined
    Then it must have kms_arn
