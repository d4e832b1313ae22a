#!/bin/sh
# Trails of account 111122223333 for data events, written by `lpgen observe`.
# The bucket policy must allow each new trail to write, with the condition key aws:SourceArn.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
set -eu
aws cloudtrail create-trail --region eu-west-1 --cli-input-json '{"Name": "lpgen-observe", "S3BucketName": "logs", "IsMultiRegionTrail": true, "IncludeGlobalServiceEvents": true}'
aws cloudtrail put-event-selectors --region eu-west-1 --cli-input-json '{"TrailName": "lpgen-observe", "AdvancedEventSelectors": [{"Name": "Data read events of AWS::DynamoDB::Table", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "readOnly", "Equals": ["true"]}, {"Field": "resources.type", "Equals": ["AWS::DynamoDB::Table"]}]}, {"Name": "Data read events of AWS::S3::Object", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "readOnly", "Equals": ["true"]}, {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::photos/"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]}, {"Name": "Data events of AWS::S3::Object", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::uploads/"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]}]}'
aws cloudtrail start-logging --region eu-west-1 --cli-input-json '{"Name": "lpgen-observe"}'
