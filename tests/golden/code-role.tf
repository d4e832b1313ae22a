# role/platform/platform-deployer of account 111122223333, written by `lpgen generate --as terraform`.
#
# Once the new policies are attached, applying this removes:
# - detached: arn:aws:iam::aws:policy/AdministratorAccess
#
# If the role itself is in Terraform, remove `managed_policy_arns` and `inline_policy` from its
# `aws_iam_role`. Also remove its other `aws_iam_role_policy_attachment` and `aws_iam_role_policy`.
# They would restore the policies that this removes.

data "aws_iam_policy_document" "platform_deployer" {
  version = "2012-10-17"

  statement {
    sid       = "Cloudformation0000000001"
    effect    = "Allow"
    actions   = ["cloudformation:DescribeStacks"]
    resources = ["*"]
  }

  statement {
    sid    = "Cloudformation0000000002"
    effect = "Allow"
    actions = [
      "cloudformation:CreateChangeSet",
      "cloudformation:ExecuteChangeSet",
    ]
    resources = ["arn:aws:cloudformation:us-east-1:111122223333:stack/storefront/*"]
  }

  statement {
    sid    = "Ecs0000000003"
    effect = "Allow"
    actions = [
      "ecs:DescribeServices",
      "ecs:UpdateService",
    ]
    resources = ["arn:aws:ecs:us-east-1:111122223333:service/shop/storefront"]
  }

  statement {
    sid       = "Iam0000000004"
    effect    = "Allow"
    actions   = ["iam:PassRole"]
    resources = ["arn:aws:iam::111122223333:role/shop-task"]
  }

  statement {
    sid    = "Ssm0000000005"
    effect = "Allow"
    actions = [
      "ssm:PutInventory",
      "ssm:SendCommandOutput",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "Ssm0000000006"
    effect    = "Allow"
    actions   = ["ssm:GetParameter"]
    resources = ["arn:aws:ssm:us-east-1:111122223333:parameter/shop/image"]
  }
}

resource "aws_iam_policy" "platform_deployer" {
  name        = "lpgen-platform-deployer-1"
  path        = "/lpgen/"
  description = "What the role platform-deployer uses of its former policies, by lpgen"
  policy      = data.aws_iam_policy_document.platform_deployer.json
}

resource "aws_iam_role_policy_attachment" "platform_deployer" {
  role       = "platform-deployer"
  policy_arn = aws_iam_policy.platform_deployer.arn
}

import {
  to = aws_iam_role_policy_attachments_exclusive.platform_deployer
  id = "platform-deployer"
}

resource "aws_iam_role_policy_attachments_exclusive" "platform_deployer" {
  role_name   = "platform-deployer"
  policy_arns = [aws_iam_role_policy_attachment.platform_deployer.policy_arn]
}

import {
  to = aws_iam_role_policies_exclusive.platform_deployer
  id = "platform-deployer"
}

resource "aws_iam_role_policies_exclusive" "platform_deployer" {
  role_name    = "platform-deployer"
  policy_names = []
  depends_on   = [aws_iam_role_policy_attachment.platform_deployer]
}
