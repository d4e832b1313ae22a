# role/AWSReservedSSO_DeveloperAccess_4f1c2d9be07a8356 of account 111122223333, written by `lpgen generate --as terraform`.
#
# Put this into the permission set, as the `inline_policy` of its `aws_ssoadmin_permission_set_inline_policy`.
# IAM Identity Center then changes the roles of the set in all accounts, including:
# - arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_DeveloperAccess_4f1c2d9be07a8356
#
# It replaces:
# - detached: arn:aws:iam::aws:policy/PowerUserAccess

data "aws_iam_policy_document" "aws_reserved_sso_developer_access_4f1c2d9be07a8356_878c353b" {
  version = "2012-10-17"

  statement {
    sid       = "Logs0000000001"
    effect    = "Allow"
    actions   = ["logs:FilterLogEvents"]
    resources = ["*"]
  }
}
