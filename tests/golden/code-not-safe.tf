# role/partner-share of account 444455556666, written by `lpgen generate --as terraform`.
#
# NOT SAFE YET:
# - verification failed: everything used stays allowed, replayed requests stay allowed
# - the logs cover 61 days, fewer than 90, so rare use may be missing
# - s3:PutBucketPolicy opens a bucket to any principal, and was used only on 2026-09-03, on arn:aws:s3:::partner-drop (2 records, example b0b0b0b0-0000-4000-8000-000000000007)
#
# Once the new policies are attached, applying this removes:
# - deleted: inline policy access
#
# If the role itself is in Terraform, remove `managed_policy_arns` and `inline_policy` from its
# `aws_iam_role`. Also remove its other `aws_iam_role_policy_attachment` and `aws_iam_role_policy`.
# They would restore the policies that this removes.

data "aws_iam_policy_document" "partner_share" {
  version = "2012-10-17"

  statement {
    sid    = "S30000000001"
    effect = "Allow"
    actions = [
      "s3:GetBucketLocation",
      "s3:PutBucketPolicy",
    ]
    resources = ["arn:aws:s3:::partner-drop"]
  }
}

resource "aws_iam_policy" "partner_share" {
  name        = "lpgen-partner-share-1"
  path        = "/lpgen/"
  description = "What the role partner-share uses of its former policies, by lpgen"
  policy      = data.aws_iam_policy_document.partner_share.json
}

resource "aws_iam_role_policy_attachment" "partner_share" {
  role       = "partner-share"
  policy_arn = aws_iam_policy.partner_share.arn
}

import {
  to = aws_iam_role_policy_attachments_exclusive.partner_share
  id = "partner-share"
}

resource "aws_iam_role_policy_attachments_exclusive" "partner_share" {
  role_name   = "partner-share"
  policy_arns = [aws_iam_role_policy_attachment.partner_share.policy_arn]
}

import {
  to = aws_iam_role_policies_exclusive.partner_share
  id = "partner-share"
}

resource "aws_iam_role_policies_exclusive" "partner_share" {
  role_name    = "partner-share"
  policy_names = []
  depends_on   = [aws_iam_role_policy_attachment.partner_share]
}
