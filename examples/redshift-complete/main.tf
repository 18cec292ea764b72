# A Redshift cluster and everything that AppFlow needs to load it: the role that Redshift assumes, the
# bucket that files pass through, and the profile that is told of both. What one resource is given by
# its service, the next one uses.

provider "aws" {
  region = var.region
}

# Redshift reads the bucket with a policy that AWS keeps.
data "aws_iam_policy" "redshift" {
  name = "AmazonRedshiftAllCommandsFullAccess"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["redshift.amazonaws.com", "appflow.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "redshift" {
  name_prefix         = "${var.cluster}-"
  assume_role_policy  = data.aws_iam_policy_document.trust.json
  managed_policy_arns = [data.aws_iam_policy.redshift.arn]
}

resource "aws_s3_bucket" "staging" {
  bucket_prefix = "${var.cluster}-"
  force_destroy = true
}

# AppFlow may put files there and look after them.
data "aws_iam_policy_document" "staging" {
  statement {
    actions = [
      "s3:AbortMultipartUpload",
      "s3:GetBucketAcl",
      "s3:ListBucketMultipartUploads",
      "s3:ListMultipartUploadParts",
      "s3:PutObject",
      "s3:PutObjectAcl",
    ]
    resources = [aws_s3_bucket.staging.arn, "${aws_s3_bucket.staging.arn}/*"]

    principals {
      type        = "Service"
      identifiers = ["appflow.amazonaws.com"]
    }
  }
}

resource "aws_s3_bucket_policy" "staging" {
  bucket = aws_s3_bucket.staging.id
  policy = data.aws_iam_policy_document.staging.json
}

resource "aws_redshift_cluster" "warehouse" {
  cluster_identifier  = var.cluster
  cluster_type        = "single-node"
  node_type           = "ra3.large"
  database_name       = "analytics"
  master_username     = "appflow"
  master_password     = var.password
  iam_roles           = [aws_iam_role.redshift.arn]
  skip_final_snapshot = true
}

resource "aws_appflow_connector_profile" "warehouse" {
  name            = var.cluster
  connector_type  = "Redshift"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      redshift {
        username = aws_redshift_cluster.warehouse.master_username
        password = aws_redshift_cluster.warehouse.master_password
      }
    }

    connector_profile_properties {
      redshift {
        bucket_name   = aws_s3_bucket.staging.bucket
        bucket_prefix = var.prefix
        database_url  = "jdbc:redshift://${aws_redshift_cluster.warehouse.endpoint}/${aws_redshift_cluster.warehouse.database_name}"
        role_arn      = aws_iam_role.redshift.arn
      }
    }
  }

  # The profile is of no use before AppFlow may write to the bucket.
  depends_on = [aws_s3_bucket_policy.staging]
}
