#!/usr/bin/env bash
# The weekly run: ingests new logs, shows drift since the last baseline, and saves the next baseline.
#
#   examples/weekly.sh DATA REPORTS LOGS...
#
# DATA is the data folder. REPORTS is the folder for drift.txt, .md, .json, .sarif and .html. LOGS are paths for
# `lpgen ingest`: folders or s3://BUCKET/AWSLogs. Exits with 1 if a finding is as severe as FAIL_ON or more severe, or if
# a rollout caused a denial that isn't restored. Saves the baseline in any case, so each report covers its own week.
#
# Settings, from the environment:
#   LPGEN       the command (lpgen)
#   POLICIES    a file or folder of authorization details; without it, the script takes a snapshot of AWS
#   SNAPSHOT    more options of `lpgen snapshot`, such as "--assume-role lpgen-read --resource-policies"
#   PROPOSED    the folder of `lpgen generate` that was rolled out since the last run, if any
#   PLANS       the applied plans to watch, separated by spaces
#   DECISIONS   the decisions file, if any
#   FAIL_ON     critical, high, medium, low or info (high)
#   TODAY       the reference date for ages (today, UTC), and the name of the baseline
set -euo pipefail

if [ $# -lt 3 ]; then
    sed -n '2,4p' "$0" >&2
    exit 2
fi
data=$1 reports=$2
shift 2

lpgen=${LPGEN:-lpgen}
today=${TODAY:-$(date -u +%F)}
given=(--data "$data" --as-of "$today")
if [ -n "${POLICIES:-}" ]; then given+=(--policies "$POLICIES"); fi
if [ -n "${DECISIONS:-}" ]; then given+=(--decisions "$DECISIONS"); fi

"$lpgen" ingest "$@" --data "$data"
if [ -z "${POLICIES:-}" ]; then
    # shellcheck disable=SC2086  # several options in one setting
    "$lpgen" snapshot --data "$data" ${SNAPSHOT:-}
fi

mkdir -p "$reports"
status=0
if [ -n "$("$lpgen" baseline list --data "$data" --format names)" ]; then
    compared=("${given[@]}" --fail-on "${FAIL_ON:-high}")
    if [ -n "${PROPOSED:-}" ]; then compared+=(--proposed "$PROPOSED"); fi
    "$lpgen" drift "${compared[@]}" --output "$reports/drift.txt" --also "$reports/drift.md" \
        --also "$reports/drift.json" --also "$reports/drift.sarif" --also "$reports/drift.html" || status=$?
    [ "$status" -le 1 ] || exit "$status"
    cat "$reports/drift.txt"
fi

written=" "
for plan in ${PLANS:-}; do
    watched=0
    report=watch-$(basename "$plan" .json).txt
    while [[ $written == *" $report "* ]]; do report="also-$report"; done
    written+="$report "
    report="$reports/$report"
    "$lpgen" rollout watch "$plan" --data "$data" --output "$report" || watched=$?
    # A plan that can't be watched, such as an undone one, doesn't prevent watching the others or saving the baseline.
    if [ "$watched" -le 1 ]; then cat "$report"; fi
    if [ "$watched" -gt "$status" ]; then status=$watched; fi
done

if ! "$lpgen" baseline list --data "$data" --format names | grep -qxF "$today"; then
    "$lpgen" baseline save "$today" "${given[@]}"
fi
exit "$status"
