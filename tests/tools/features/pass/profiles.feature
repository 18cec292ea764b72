Feature: What the connector profiles of the quick start meet

  Scenario: Names begin with the project and the environment
    Given I have aws_appflow_connector_profile defined
    Then it must have name
    And its value must match the "^(quickstart|renamed)-dev-.*" regex

  Scenario: Salesforce is reached by TLS
    Given I have aws_appflow_connector_profile defined
    When its connector_type is Salesforce
    Then it must have connector_profile_config
    Then it must have connector_profile_properties
    Then it must have salesforce
    Then it must have instance_url
    And its value must match the "^https://.*" regex

  Scenario: Slack profiles are one for each workspace
    Given I have aws_appflow_connector_profile defined
    When its connector_type is Slack
    When I count them
    Then its value must be greater than 1

  Scenario: Variables are described
    Given I have any variable defined
    Then it must have description
