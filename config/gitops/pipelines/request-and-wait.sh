#!/bin/sh
# Applies an ApprovalRequest and waits for the answer. Needs kubectl only.
#
#   request-and-wait.sh REQUEST.yaml [TIMEOUT]
#
# TIMEOUT is kubectl's: 90s, 30m, 2h (default 1h). Exit code 0: approved. 1: not approved. 2: wrong use. 3: nobody answered in time; the
# request stays open, and running this again goes on waiting for the same one.
set -eu

if [ "$#" -lt 1 ] || [ "$#" -gt 2 ] || [ ! -r "$1" ]; then
  echo "usage: $0 REQUEST.yaml [TIMEOUT]   (REQUEST.yaml: one ApprovalRequest with metadata.name)" >&2
  exit 2
fi
request=$1
timeout=${2:-1h}

kubectl apply -f "$request"
# Settled becomes True on every outcome, so this never hangs on a no.
if ! kubectl wait -f "$request" --for=condition=Settled --timeout="$timeout"; then
  echo "no answer within $timeout; the request is still open" >&2
  exit 3
fi

approved=$(kubectl get -f "$request" -o 'jsonpath={.status.conditions[?(@.type=="Approved")].status}')
message=$(kubectl get -f "$request" -o 'jsonpath={.status.conditions[?(@.type=="Approved")].message}')
if [ "$approved" = True ]; then
  echo "approved: $message"
else
  echo "not approved: $message" >&2
  exit 1
fi
