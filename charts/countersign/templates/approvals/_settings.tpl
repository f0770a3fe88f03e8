{{/* What the approval service is told besides what all processes are. A secret comes as a file, which its setting with _FILE names. */}}
{{- define "countersign.approvals.env" -}}
{{- with .Values.approvals.url }}
- {name: COUNTERSIGN_APPROVALS_URL, value: {{ . | quote }}}
{{- end }}
{{- if include "countersign.approvals.certificateSecret" . }}
- {name: COUNTERSIGN_APPROVALS_CERT_DIR, value: /etc/countersign/certificate}
{{- end }}
{{- if .Values.approvals.database.urlSecret.name }}
- {name: COUNTERSIGN_APPROVALS_STORE_FILE, value: /etc/countersign/database/url}
{{- end }}
{{- range $name, $value := .Values.approvals.settings }}
- {name: COUNTERSIGN_{{ upper $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- range $name, $_ := .Values.approvals.secretSettings }}
- {name: COUNTERSIGN_{{ upper $name }}_FILE, value: /etc/countersign/secrets/{{ $name }}/value}
{{- end }}
{{- end -}}

{{/* The Secret with a certificate that the service does not make itself; nothing where it does. */}}
{{- define "countersign.approvals.certificateSecret" -}}
{{- if .Values.approvals.certificateSecret -}}
{{- .Values.approvals.certificateSecret -}}
{{- else if .Values.certificates.certManager.enabled -}}
{{- include "countersign.approvals.ownCertificateSecret" . -}}
{{- end -}}
{{- end -}}
{{- define "countersign.approvals.ownCertificateSecret" -}}
countersign-approvals-certificates
{{- end -}}
{{- define "countersign.approvals.keysSecret" -}}
countersign-approvals-keys
{{- end -}}

{{- define "countersign.approvals.mounts" -}}
{{- if include "countersign.approvals.certificateSecret" . }}
- {name: certificate, mountPath: /etc/countersign/certificate, readOnly: true}
{{- end }}
{{- if .Values.approvals.database.urlSecret.name }}
- {name: database-url, mountPath: /etc/countersign/database, readOnly: true}
{{- if .Values.approvals.database.caSecret.name }}
- {name: database-ca, mountPath: /etc/countersign/database-ca, readOnly: true}
{{- end }}
{{- else }}
- {name: database, mountPath: /var/lib/countersign}
{{- end }}
{{- range $name, $_ := .Values.approvals.secretSettings }}
- {name: {{ $name | replace "_" "-" }}, mountPath: /etc/countersign/secrets/{{ $name }}, readOnly: true}
{{- end }}
{{- end -}}

{{- define "countersign.approvals.volumes" -}}
{{- with include "countersign.approvals.certificateSecret" . }}
# The kubelet brings a renewed certificate into the running pod.
- name: certificate
  secret: {secretName: {{ . }}, defaultMode: 0440}
{{- end }}
{{- with .Values.approvals.database }}
{{- if .urlSecret.name }}
- name: database-url
  secret: {secretName: {{ .urlSecret.name }}, defaultMode: 0440, items: [{key: {{ .urlSecret.key }}, path: url}]}
{{- if .caSecret.name }}
# Read with each new connection, so that an authority that is replaced counts without a restart.
- name: database-ca
  secret: {secretName: {{ .caSecret.name }}, defaultMode: 0440, items: [{key: {{ .caSecret.key }}, path: ca.crt}]}
{{- end }}
{{- else if .volume.persistent }}
- name: database
  persistentVolumeClaim: {claimName: countersign-approvals}
{{- else }}
- {name: database, emptyDir: {}}
{{- end }}
{{- end }}
{{- range $name, $from := .Values.approvals.secretSettings }}
- name: {{ $name | replace "_" "-" }}
  secret: {secretName: {{ $from.name }}, defaultMode: 0440, items: [{key: {{ $from.key }}, path: value}]}
{{- end }}
{{- end -}}

{{/* SQLite is one file, and its pod is the only one. */}}
{{- define "countersign.approvals.onPostgreSQL" -}}
{{- if .Values.approvals.database.urlSecret.name -}}
true
{{- else if .Values.approvals.database.caSecret.name -}}
{{- fail "approvals.database.caSecret: is for PostgreSQL; name the Secret with its address in approvals.database.urlSecret.name, or leave caSecret.name empty" -}}
{{- else if or .Values.approvals.autoscaling.enabled (gt (int .Values.approvals.replicas) 1) -}}
{{- fail "approvals: SQLite, which approvals.database.urlSecret.name asks for by being empty, serves one replica; name the Secret with the address of a PostgreSQL database, or set approvals.replicas to 1 and approvals.autoscaling.enabled to false" -}}
{{- end -}}
{{- end -}}
