# user/tomas.lindqvist of account 111122223333, written by `lpgen generate --as terraform`.
#
# Once the new policies are attached, applying this removes:
# - detached: arn:aws:iam::111122223333:policy/ops/on-call
# - deleted: inline policy home
#
# If the user itself is in Terraform, remove its other `aws_iam_user_policy_attachment` and
# `aws_iam_user_policy`. They would restore the policies that this removes.
#
# By hand: Terraform can't remove a user from a group. Run `aws iam remove-user-from-group`. Until then,
# the user keeps the permissions of these groups:
# - operators

data "aws_iam_policy_document" "user_tomas_lindqvist_9a931988" {
  version = "2012-10-17"

  statement {
    sid       = "Ec20000000001"
    effect    = "Allow"
    actions   = ["ec2:DescribeInstances"]
    resources = ["*"]
  }

  statement {
    sid       = "NoKeys"
    effect    = "Deny"
    actions   = ["kms:*"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "user_tomas_lindqvist_9a931988" {
  name        = "lpgen-tomas.lindqvist-1"
  path        = "/lpgen/"
  description = "What the user tomas.lindqvist uses of its former policies, by lpgen"
  policy      = data.aws_iam_policy_document.user_tomas_lindqvist_9a931988.json
}

resource "aws_iam_user_policy_attachment" "user_tomas_lindqvist_9a931988" {
  user       = "tomas.lindqvist"
  policy_arn = aws_iam_policy.user_tomas_lindqvist_9a931988.arn
}

import {
  to = aws_iam_user_policy_attachments_exclusive.user_tomas_lindqvist_9a931988
  id = "tomas.lindqvist"
}

resource "aws_iam_user_policy_attachments_exclusive" "user_tomas_lindqvist_9a931988" {
  user_name   = "tomas.lindqvist"
  policy_arns = [aws_iam_user_policy_attachment.user_tomas_lindqvist_9a931988.policy_arn]
}

import {
  to = aws_iam_user_policies_exclusive.user_tomas_lindqvist_9a931988
  id = "tomas.lindqvist"
}

resource "aws_iam_user_policies_exclusive" "user_tomas_lindqvist_9a931988" {
  user_name    = "tomas.lindqvist"
  policy_names = []
  depends_on   = [aws_iam_user_policy_attachment.user_tomas_lindqvist_9a931988]
}
