# Trails of account 111122223333 for data events, written by `lpgen observe`.
# The bucket policy must allow each new trail to write, with the condition key aws:SourceArn.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html

resource "aws_cloudtrail" "lpgen_observe" {
  name                          = "lpgen-observe"
  s3_bucket_name                = "logs"
  is_multi_region_trail         = true
  include_global_service_events = true

  advanced_event_selector {
    name = "Data read events of AWS::DynamoDB::Table"

    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }

    field_selector {
      field  = "readOnly"
      equals = ["true"]
    }

    field_selector {
      field  = "resources.ARN"
      equals = ["arn:aws:dynamodb:eu-west-1:111122223333:table/orders"]
    }

    field_selector {
      field  = "resources.type"
      equals = ["AWS::DynamoDB::Table"]
    }
  }

  advanced_event_selector {
    name = "Data read events of AWS::DynamoDB::Table by some callers"

    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }

    field_selector {
      field  = "readOnly"
      equals = ["true"]
    }

    field_selector {
      field  = "resources.type"
      equals = ["AWS::DynamoDB::Table"]
    }

    field_selector {
      field       = "userIdentity.arn"
      starts_with = ["arn:aws:sts::111122223333:assumed-role/audit/"]
    }
  }

  advanced_event_selector {
    name = "Data read events of AWS::S3::Object"

    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }

    field_selector {
      field  = "readOnly"
      equals = ["true"]
    }

    field_selector {
      field       = "resources.ARN"
      starts_with = ["arn:aws:s3:::photos/"]
    }

    field_selector {
      field  = "resources.type"
      equals = ["AWS::S3::Object"]
    }
  }

  advanced_event_selector {
    name = "Data read events of AWS::S3::Object by some callers"

    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }

    field_selector {
      field  = "readOnly"
      equals = ["true"]
    }

    field_selector {
      field  = "resources.type"
      equals = ["AWS::S3::Object"]
    }

    field_selector {
      field       = "userIdentity.arn"
      starts_with = ["arn:aws:sts::111122223333:assumed-role/audit/"]
    }
  }

  advanced_event_selector {
    name = "Data events of AWS::S3::Object"

    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }

    field_selector {
      field       = "resources.ARN"
      starts_with = ["arn:aws:s3:::uploads/"]
    }

    field_selector {
      field  = "resources.type"
      equals = ["AWS::S3::Object"]
    }
  }
}
