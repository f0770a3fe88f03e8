{{/*
Pieces of CEL that several guards share. Each renders one expression on one line, in parentheses where that matters.
The names of marks are those of crds/v1alpha1/marks.ts; test/integration/guards holds the two together.
*/}}

{{/* The pod whose token the caller shows; empty for tokens that belong to no pod, and so for whoever only borrows the name (--as, create token). */}}
{{- define "countersign.cel.callerPod" -}}
(request.userInfo.?extra['authentication.kubernetes.io/pod-name'].orValue([]).size() == 1 ? request.userInfo.extra['authentication.kubernetes.io/pod-name'][0] : '')
{{- end -}}

{{/* The operator: its name and one of its pods. */}}
{{- define "countersign.cel.operator" -}}
(request.userInfo.username == '{{ include "countersign.operatorUser" . }}' && {{ include "countersign.cel.callerPod" . }} != '')
{{- end -}}

{{/*
The approval service: its name and one of its pods. It may write in somebody else's name; while the chart does not install it, nobody may.
*/}}
{{- define "countersign.cel.relay" -}}
{{- if .Values.approvals.enabled -}}
(request.userInfo.username == '{{ include "countersign.approvalsUser" . }}' && {{ include "countersign.cel.callerPod" . }} != '')
{{- else -}}
false
{{- end -}}
{{- end -}}

{{/*
Whom the approval service may name: (dict "root" $ "name" "an expression"). Of the names that Kubernetes keeps for itself (system:) only those of
service accounts, which may well be its callers; none of our own processes.
*/}}
{{- define "countersign.cel.mayBeNamed" -}}
({{ .name }} != '' && (!{{ .name }}.startsWith('system:') || ({{ .name }}.matches('^system:serviceaccount:[a-z0-9]([-a-z0-9]*[a-z0-9])?:[a-z0-9]([-.a-z0-9]*[a-z0-9])?$') && !({{ .name }} in ['{{ include "countersign.operatorUser" .root }}', '{{ include "countersign.admissionUser" .root }}', '{{ include "countersign.approvalsUser" .root }}']))))
{{- end -}}

{{/*
Which groups it may say that somebody is in: (dict "name" "an expression" "groups" "an expression"). What Kubernetes keeps for itself would be asked of
the authorizer as well, which says yes to everything for system:masters. The groups of a service account follow from its name.
*/}}
{{- define "countersign.cel.mayBeGroupsOf" -}}
({{ .name }}.startsWith('system:serviceaccount:') ? {{ .groups }}.all(g, g in ['system:serviceaccounts', 'system:serviceaccounts:' + {{ .name }}.split(':')[2], 'system:authenticated']) : {{ .groups }}.all(g, g == 'system:authenticated' || !g.startsWith('system:')))
{{- end -}}

{{/* Admission trying out the Job of a GovernedJob: nothing is stored. */}}
{{- define "countersign.cel.admissionDryRun" -}}
(request.operation == 'CREATE' && request.?dryRun.orValue(false) && request.userInfo.username in ['{{ include "countersign.admissionUser" . }}', '{{ include "countersign.operatorUser" . }}'] && {{ include "countersign.cel.callerPod" . }} != '')
{{- end -}}

{{/* Controllers of Kubernetes. The last name is all of them, where they share one credential. */}}
{{- define "countersign.cel.jobController" -}}
(request.userInfo.username in ['system:serviceaccount:kube-system:job-controller', 'system:kube-controller-manager'])
{{- end -}}
{{- define "countersign.cel.cronJobController" -}}
(request.userInfo.username in ['system:serviceaccount:kube-system:cronjob-controller', 'system:kube-controller-manager'])
{{- end -}}
{{- define "countersign.cel.cleaners" -}}
(request.userInfo.username in ['system:serviceaccount:kube-system:namespace-controller', 'system:serviceaccount:kube-system:generic-garbage-collector', 'system:kube-controller-manager'])
{{- end -}}

{{/* The caller's groups as countersign.dev/requester-groups holds them: one a line; one whose name has several lines would be read as several. */}}
{{- define "countersign.cel.callerGroups" -}}
request.userInfo.?groups.orValue([]).filter(g, !g.contains('\n')).join('\n')
{{- end -}}

{{/* Annotations that only the operator and the hold write: (dict "key" "k") */}}
{{- define "countersign.cel.isOperatorAnnotation" -}}
(k.startsWith('policy.countersign.dev/') || k in ['countersign.dev/released', 'countersign.dev/request', 'countersign.dev/author-suspended', 'countersign.dev/run-of'])
{{- end -}}
{{- define "countersign.cel.isOurAnnotation" -}}
(k.startsWith('countersign.dev/') || k.startsWith('policy.countersign.dev/'))
{{- end -}}

{{/* Annotations of countersign.dev that may be on a Job which is only now put on hold: what the hold writes, and what its author has to say. */}}
{{- define "countersign.cel.annotationsOfHeld" -}}
['countersign.dev/author-suspended', 'countersign.dev/requester', 'countersign.dev/requester-groups', 'countersign.dev/operation', 'countersign.dev/reason', 'countersign.dev/ticket', 'countersign.dev/context', 'countersign.dev/timeout', 'countersign.dev/on-behalf-of']
{{- end -}}

{{/* Nothing in the Job's status says that it succeeded. */}}
{{- define "countersign.cel.claimsNoSuccess" -}}
(object.?status.?succeeded.orValue(0) == 0 && !object.?status.?conditions.orValue([]).exists(c, c.type in ['Complete', 'SuccessCriteriaMet'] && c.status == 'True'))
{{- end -}}

{{/* Of a Job's spec nothing differs but suspend. */}}
{{- define "countersign.cel.specSameButSuspend" -}}
(object.spec.all(k, k == 'suspend' || (k in oldObject.spec && object.spec[k] == oldObject.spec[k])) && oldObject.spec.all(k, k == 'suspend' || k in object.spec))
{{- end -}}

{{/* The Job has ended: nothing starts it again. */}}
{{- define "countersign.cel.jobHadEnded" -}}
(oldObject.?status.?conditions.orValue([]).exists(c, c.type in ['Complete', 'Failed'] && c.status == 'True'))
{{- end -}}

{{/* metadata of every guard: (dict "root" $ "name" "countersign-job-guard") */}}
{{- define "countersign.guardMetadata" -}}
metadata:
  name: {{ .name }}
  labels:
    {{- include "countersign.labels" .root | nindent 4 }}
    countersign.dev/guard: static
  {{- with include "countersign.guardAnnotations" .root }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
{{- end -}}
