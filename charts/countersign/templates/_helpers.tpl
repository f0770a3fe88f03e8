{{/*
Names. They do not contain the release's name: the guards and the CRDs are cluster-wide, so there is one Countersign in a cluster.
*/}}
{{- define "countersign.name" -}}
countersign
{{- end -}}

{{/* Where everything namespaced of ours lives. */}}
{{- define "countersign.namespace" -}}
{{- .Release.Namespace -}}
{{- end -}}

{{/* Labels for every object. Call with the root context. */}}
{{- define "countersign.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{ include "countersign.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: countersign
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* The labels that never change during the life of a release. */}}
{{- define "countersign.selectorLabels" -}}
app.kubernetes.io/name: countersign
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* ServiceAccounts, one for each role that may run apart. */}}
{{- define "countersign.operatorServiceAccount" -}}
countersign
{{- end -}}
{{- define "countersign.admissionServiceAccount" -}}
{{- if .Values.admission.separate -}}countersign-admission{{- else -}}countersign{{- end -}}
{{- end -}}

{{/*
Who the guards know our processes as. request.userInfo.username of the operator, of the admission role when it runs apart (the
operator's own otherwise), and of the approval service, which nobody may pass for even where it is not installed.
*/}}
{{- define "countersign.operatorUser" -}}
{{- printf "system:serviceaccount:%s:%s" .Release.Namespace (include "countersign.operatorServiceAccount" .) -}}
{{- end -}}
{{- define "countersign.admissionUser" -}}
{{- printf "system:serviceaccount:%s:%s" .Release.Namespace (include "countersign.admissionServiceAccount" .) -}}
{{- end -}}
{{- define "countersign.approvalsServiceAccount" -}}
countersign-approvals
{{- end -}}
{{- define "countersign.approvalsUser" -}}
{{- printf "system:serviceaccount:%s:%s" .Release.Namespace (include "countersign.approvalsServiceAccount" .) -}}
{{- end -}}

{{/* The lease of the one active controller. */}}
{{- define "countersign.leaderLease" -}}
countersign-controller
{{- end -}}

{{/*
How new work is put on hold: MutatingAdmissionPolicy (in the API server, GA since 1.36) or Webhook.
auto looks at what the cluster serves; where there is no cluster to ask (helm template), at the version given with --kube-version.
*/}}
{{- define "countersign.holdMode" -}}
{{- if ne .Values.holdMode "auto" -}}
{{- .Values.holdMode -}}
{{- else if .Capabilities.APIVersions.Has "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy" -}}
MutatingAdmissionPolicy
{{- else if semverCompare ">=1.36.0-0" .Capabilities.KubeVersion.Version -}}
MutatingAdmissionPolicy
{{- else -}}
Webhook
{{- end -}}
{{- end -}}

{{/*
What every guard is annotated with: with uninstall.heldWork=keep the guards outlive the release, so that what is held stays held.
Renders nothing otherwise.
*/}}
{{- define "countersign.guardAnnotations" -}}
{{- if eq .Values.uninstall.heldWork "keep" -}}
helm.sh/resource-policy: keep
{{- end -}}
{{- end -}}

{{/* The Service the API server calls, the Secret with its certificate, and the certificate's name when cert-manager makes it. */}}
{{- define "countersign.admissionService" -}}
countersign-admission
{{- end -}}
{{- define "countersign.certSecret" -}}
countersign-certificates
{{- end -}}

{{/* The Secret with the key that signs the calls of actions. */}}
{{- define "countersign.signingSecret" -}}
countersign-signing
{{- end -}}

{{/*
The annotations of webhook configurations: with cert-manager its injector writes the CA bundle, otherwise the operator does.
Renders nothing in the second case.
*/}}
{{- define "countersign.webhookAnnotations" -}}
{{- if .Values.certificates.certManager.enabled -}}
cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/countersign-admission
{{- end -}}
{{- end -}}

{{/*
The clientConfig of one webhook: (dict "root" $ "path" "/validate/decisions"). A Service, or admission.url when the process does
not run in the cluster. caBundle is left out: whoever makes the certificate writes it.
*/}}
{{- define "countersign.webhookClientConfig" -}}
{{- if .root.Values.admission.url -}}
url: {{ printf "%s%s" (trimSuffix "/" .root.Values.admission.url) .path | quote }}
{{- else -}}
service:
  name: {{ include "countersign.admissionService" .root }}
  namespace: {{ .root.Release.Namespace }}
  path: {{ .path }}
  port: 443
{{- end -}}
{{- end -}}

{{/* The image, by digest when there is one. */}}
{{- define "countersign.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository $tag -}}
{{- end -}}
{{- end -}}
