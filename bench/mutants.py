"""The small ways in which the mutation check breaks the evaluator."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """One line of one module of `lpgen/core`, and its replacement; `old` occurs there once."""

    name: str
    module: str
    old: str
    new: str

    def apply(self, source: str) -> str:
        """The source with the mutation."""
        if source.count(self.old) != 1:
            raise SystemExit(
                f"{self.name}: {self.module} has {source.count(self.old)} places like `{self.old}`, not one"
            )
        return source.replace(self.old, self.new)


MUTANTS: tuple[Mutant, ...] = (
    # the decision
    Mutant("an explicit deny is ignored", "iam/authorize.py", "if denied.answer is Answer.YES:", "if False:"),
    Mutant("denies count as silence", "iam/authorize.py", "all_of((allowed, opposite(denied)))", "all_of((allowed,))"),
    Mutant("the boundary is dropped", "iam/authorize.py", "(Layer.BOUNDARY, Layer.SESSION) if", "(Layer.SESSION,) if"),
    Mutant(
        "a session policy limits nothing",
        "iam/authorize.py",
        "(Layer.BOUNDARY, Layer.SESSION) if",
        "(Layer.BOUNDARY,) if",
    ),
    Mutant(
        "RCPs are forgotten",
        "iam/authorize.py",
        "(Layer.SCP, Layer.RCP, Layer.ENDPOINT)",
        "(Layer.SCP, Layer.ENDPOINT)",
    ),
    Mutant(
        "SCPs are forgotten",
        "iam/authorize.py",
        "(Layer.SCP, Layer.RCP, Layer.ENDPOINT)",
        "(Layer.RCP, Layer.ENDPOINT)",
    ),
    Mutant("an endpoint policy is forgotten", "iam/authorize.py", "Layer.RCP, Layer.ENDPOINT)", "Layer.RCP)"),
    Mutant("one side is enough across accounts", "iam/authorize.py", "all_of((own, there))", "any_of((own, there))"),
    Mutant(
        "the resource's account is ignored",
        "iam/authorize.py",
        "return request.resource_account or account_in_arn",
        "return account_in_arn",
    ),
    Mutant(
        "a key policy needn't delegate",
        "iam/authorize.py",
        '(service == "kms" and name.startswith("key/")) or',
        "False or",
    ),
    Mutant("a trust policy is ignored", "iam/authorize.py", '(service == "sts" and name.startswith("role/"))', "False"),
    Mutant("the root user needs an Allow", "iam/authorize.py", "YES if root else", "YES if False else"),
    Mutant(
        "no limit on what a role is granted by a resource policy",
        "iam/authorize.py",
        "all_of((by_role, *limits.values()))",
        "by_role",
    ),
    Mutant(
        "a limit on what a session is granted by a resource policy",
        "iam/authorize.py",
        ", direct)\n",
        ", all_of((direct, *limits.values())))\n",
    ),
    Mutant(
        "calls without permission need one",
        "iam/authorize.py",
        "if rule := free_call(request, principal):",
        "if False:",
    ),
    Mutant("AWS's own refusals are forgotten", "iam/authorize.py", "rule = refusal(request, principal)", 'rule = ""'),
    # walls
    Mutant(
        "one level of SCPs is enough",
        "iam/walls.py",
        "enumerate(policies.scps):",
        "enumerate([sum(policies.scps, ())] if policies.scps else []):",
    ),
    Mutant(
        "one level of RCPs is enough",
        "iam/walls.py",
        "enumerate(policies.rcps):",
        "enumerate([sum(policies.rcps, ())] if policies.rcps else []):",
    ),
    Mutant(
        "SCPs cap service-linked roles",
        "iam/walls.py",
        "if policies.scps and principal.has_identity_policies and not principal.service_linked:",
        "if principal.has_identity_policies:",
    ),
    Mutant(
        "RCPs concern the retiring of grants",
        "iam/walls.py",
        ' or request.folded_action == "kms:retiregrant"',
        "",
    ),
    Mutant(
        "RCPs concern service-linked roles",
        "iam/walls.py",
        "return principal.service_linked or assumed",
        "return assumed",
    ),
    Mutant(
        "an endpoint policy ignores its principals",
        "iam/walls.py",
        "if statement.principals is None or naming_of",
        "if True or naming_of",
    ),
    # principals
    Mutant(
        "NotPrincipal is inverted",
        "iam/principals.py",
        "Naming.NONE if _is_excepted(statement.principals, principal) else Naming.DIRECT",
        "Naming.DIRECT if _is_excepted(statement.principals, principal) else Naming.NONE",
    ),
    Mutant(
        "NotPrincipal spares who has a boundary",
        "iam/principals.py",
        "if bounded and statement",
        "if False and statement",
    ),
    Mutant(
        "an account counts as the principal itself",
        "iam/principals.py",
        "return Naming.ACCOUNT\n",
        "return Naming.DIRECT\n",
    ),
    Mutant(
        "a role counts as its session",
        "iam/principals.py",
        "return Naming.ROLE if principal.form is PrincipalForm.ROLE else Naming.DIRECT",
        "return Naming.DIRECT",
    ),
    Mutant(
        "a role doesn't name its sessions",
        "iam/principals.py",
        "return Naming.ROLE if behind else",
        "return Naming.NONE if behind else",
    ),
    Mutant(
        "anonymous callers have identity policies",
        "iam/principals.py",
        "PrincipalForm.PROVIDER, PrincipalForm.ANONYMOUS))",
        "PrincipalForm.PROVIDER))",
    ),
    Mutant("any service is named", "iam/principals.py", "if value == principal.text and not", "if not"),
    Mutant("accounts aren't compared", "iam/principals.py", "if other.account != principal.account or not", "if not"),
    Mutant(
        "an account in NotPrincipal excepts those it doesn't list",
        "iam/principals.py",
        "return Naming.ACCOUNT in named and not any(",
        "return Naming.ACCOUNT in named or any(",
    ),
    Mutant(
        "a session doesn't show that its role is service-linked",
        "iam/principals.py",
        "role.startswith(_SERVICE_LINKED_NAME)",
        "False",
    ),
    # actions and resources
    Mutant(
        "NotAction is ignored", "iam/match_statement.py", "folded_action) is not statement.not_action", "folded_action)"
    ),
    Mutant(
        "NotResource is ignored",
        "iam/match_statement.py",
        "opposite(covered) if statement.not_resource else covered",
        "covered",
    ),
    Mutant("actions mind case", "iam/match_statement.py", "tuple(fold_case(pattern) for", "tuple(str(pattern) for"),
    Mutant(
        "resources ignore case",
        "iam/match_resource.py",
        "return partial(match_tokens, resource_tokens(full)) if _bound(full) else glob_matcher(full)",
        "return lambda text: glob_matcher(full.lower())(text.lower())",
    ),
    Mutant(
        "a statement's Resource is optional for anyone",
        "iam/match_statement.py",
        "if not statement.resources and statement.principals is not None:",
        "if not statement.resources:",
    ),
    Mutant("the index forgets the star", "iam/walls.py", ' or "*" in prefixes', ""),
    Mutant("the index forgets NotAction", "iam/walls.py", "if covering.statement.not_action or ", "if "),
    Mutant("the index minds case", "iam/walls.py", "fold_case(pattern).partition", "pattern.partition"),
    Mutant("a glob's end needn't agree to be contained", "globs/match.py", "inner[::-1].startswith(tail)", "not tail"),
    Mutant(
        "a question mark is any run in an action", "globs/match.py", r'.replace(r"\?", ".")', r'.replace(r"\?", ".*")'
    ),
    Mutant("a question mark is a run", "globs/tokens.py", 'ANY if c == "?"', 'RUN if c == "?"'),
    Mutant("an ARN isn't completed", "iam/match_resource.py", "return pattern + ", "return pattern or "),
    Mutant("Regions may hold anything", "iam/match_resource.py", "inside and _can_be_arn(joined)", "inside"),
    Mutant(
        "wildcards leave their field",
        "iam/match_resource.py",
        "FIELD_ANY if token == ANY else FIELD_RUN if token == RUN and not ends_field else token",
        "token",
    ),
    Mutant(
        "an action without resources matches any",
        "iam/request_line.py",
        "NO_RESOURCE if wildcard_only else _resource",
        "_resource",
    ),
    # variables
    Mutant(
        "a variable's default is ignored",
        "iam/policy_variables.py",
        "if not values and default is not None:",
        "if False:",
    ),
    Mutant(
        "the first version has variables",
        "globs/match.py",
        'version != LEGACY_VERSION and "${" in',
        '"${" in',
    ),
    Mutant("a value's wildcards count", "iam/policy_variables.py", "literal_tokens(text) if literal else", ""),
    Mutant(
        "names that hold colons stand side by side",
        "iam/match_resource.py",
        'named = kind in ("key-pair", "placement-group")',
        "named = False",
    ),
    Mutant(
        "one field in common is enough",
        "iam/match_resource.py",
        "return all(patterns_intersect(our, their) for",
        "return any(patterns_intersect(our, their) for",
    ),
    Mutant(
        "a variable without a value matches everything",
        "iam/match_statement.py",
        "if filled.gap is UnfilledReason.MISSING:\n        return NO",
        "if filled.gap is UnfilledReason.MISSING:\n        return YES",
    ),
    Mutant(
        "a variable before the fifth colon holds none",
        "globs/match.py",
        'elif glob.count(":") < ARN_FIELDS - 1:',
        "elif False:",
    ),
    Mutant("a key with several values is a variable", "iam/policy_variables.py", "if len(values) == 1:", "if values:"),
    # conditions
    Mutant(
        "conditions are joined by OR",
        "iam/conditions.py",
        "return all_of([condition_match(",
        "return any_of([condition_match(",
    ),
    Mutant(
        "IfExists is ignored", "iam/condition_operator.py", "if_exists = text.endswith(_IF_EXISTS)", "if_exists = False"
    ),
    Mutant("a negation is ignored", "iam/condition_operator.py", "negated = text in _NEGATED", "negated = False"),
    Mutant(
        "ForAllValues fails on a missing key",
        "iam/conditions.py",
        "        return YES\n    if operator.quantifier is Quantifier.FOR_ANY:",
        "        return NO\n    if operator.quantifier is Quantifier.FOR_ANY:",
    ),
    Mutant(
        "ForAnyValue holds for a missing key",
        "iam/conditions.py",
        "return match_of(operator.if_exists and not values)",
        "return YES",
    ),
    Mutant("ForAnyValue wants all values", "iam/conditions.py", "return any_of(tests)", "return all_of(tests)"),
    Mutant(
        "ForAllValues wants any value",
        "iam/conditions.py",
        "        return all_of(tests)\n    if operator",
        "        return any_of(tests)\n    if operator",
    ),
    Mutant(
        "a missing key fails a negated operator",
        "iam/conditions.py",
        "operator.if_exists or operator.negated",
        "operator.if_exists",
    ),
    Mutant(
        "several values meet an operator without a quantifier",
        "iam/conditions.py",
        "return tests[0] if len(values) == 1 else doubt",
        "return all_of(tests)",
    ),
    Mutant("Null is inverted", "iam/conditions.py", '"false" if values else "true"', '"true" if values else "false"'),
    Mutant(
        "a policy's values are joined by AND",
        "iam/conditions.py",
        "found = any_of([doubt if",
        "found = all_of([doubt if",
    ),
    Mutant("keys mind case", "iam/decision.py", "{fold_case(key): values", "{key: values"),
    Mutant(
        "an unknown key counts as missing",
        "iam/decision.py",
        "() if self.absent_keys is AbsentKeys.MISSING else None",
        "()",
    ),
    Mutant(
        "dates compare the wrong way",
        "iam/conditions.py",
        "DATE_LESS_THAN: _reading(_seconds, lt)",
        "DATE_LESS_THAN: _reading(_seconds, gt)",
    ),
    Mutant(
        "a number is less than itself",
        "iam/conditions.py",
        "NUMERIC_LESS_THAN: _reading(_number, lt)",
        "NUMERIC_LESS_THAN: _reading(_number, le)",
    ),
    Mutant(
        "numbers compare as texts",
        "iam/conditions.py",
        "NUMERIC_EQUALS: _reading(_number, eq)",
        "NUMERIC_EQUALS: eq",
    ),
    Mutant("a time's zone is ignored", "iam/conditions.py", "tzinfo=_zone(zone)", "tzinfo=UTC"),
    Mutant("no range of IPv6", "iam/conditions.py", "[0-9A-Fa-f.:]+", "[0-9.]+"),
    Mutant("bits right of the prefix refuse a range", "iam/conditions.py", "strict=False", "strict=True"),
    Mutant(
        "one field of an ARN is enough",
        "iam/conditions.py",
        "return all(match_tokens(glob",
        "return any(match_tokens(glob",
    ),
    Mutant("Bool minds case", "iam/conditions.py", ".get(text.lower())", ".get(text)"),
    Mutant(
        "StringEqualsIgnoreCase minds case",
        "iam/conditions.py",
        "lambda wanted, value: fold_case(wanted) == fold_case(value)",
        "eq",
    ),
    Mutant(
        "StringEquals takes wildcards",
        "iam/conditions.py",
        "if comparison is ComparisonKind.STRING_LIKE:",
        "if comparison in (ComparisonKind.STRING_LIKE, ComparisonKind.STRING_EQUALS):",
    ),
    Mutant(
        "bytes compare as texts",
        "iam/conditions.py",
        "BINARY_EQUALS: _reading(_bytes, eq)",
        "BINARY_EQUALS: lambda w, v: w.lower() == v.lower()",
    ),
)
