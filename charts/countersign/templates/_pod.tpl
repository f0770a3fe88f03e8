{{/*
The pod template of one role, for every Deployment of ours. Call with
(dict "root" $ "component" "controller" "roles" "controller,admission" "serviceAccount" "countersign" "values" .Values.controller).
*/}}
{{- define "countersign.podTemplate" -}}
metadata:
  labels:
    {{- include "countersign.selectorLabels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
    {{- if contains "admission" .roles }}
    countersign.dev/admission: "true"
    {{- end }}
    {{- with .values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # A changed configuration restarts the pods; processes read it once, when they start.
    checksum/config: {{ include "countersign.config" .root | sha256sum }}
    {{- with .values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ .serviceAccount }}
  automountServiceAccountToken: true
  # Links would set COUNTERSIGN_ADMISSION_PORT to tcp://…, after the Service of that name.
  enableServiceLinks: false
  terminationGracePeriodSeconds: 30
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: {{ .component }}
      image: {{ include "countersign.image" .root | quote }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      envFrom:
        - configMapRef: {name: countersign}
      env:
        - {name: COUNTERSIGN_ROLES, value: {{ .roles | quote }}}
        {{- with .root.Values.nodeOptions }}
        - {name: NODE_OPTIONS, value: {{ . | quote }}}
        {{- end }}
        - name: COUNTERSIGN_NAMESPACE
          valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
        # The leader lease carries this name, and the guards let only the pod of that name release.
        - name: COUNTERSIGN_POD_NAME
          valueFrom: {fieldRef: {fieldPath: metadata.name}}
        {{- if eq .roles "approvals" }}
        {{- include "countersign.approvals.env" .root | nindent 8 }}
        {{- end }}
      ports:
        - {name: health, containerPort: 8081}
        {{- if contains "admission" .roles }}
        - {name: admission, containerPort: 8443}
        {{- end }}
        {{- if eq .roles "approvals" }}
        - {name: approvals, containerPort: 8444}
        {{- end }}
      startupProbe:
        httpGet: {path: /health, port: health}
        periodSeconds: 1
        failureThreshold: 60
      livenessProbe:
        httpGet: {path: /health, port: health}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: {path: /ready, port: health}
        periodSeconds: 5
        timeoutSeconds: 5
      lifecycle:
        preStop:
          # Until every API server has taken this pod off its list, reviews still arrive.
          sleep: {seconds: 5}
      {{- if eq .roles "approvals" }}
      volumeMounts:
        {{- include "countersign.approvals.mounts" .root | nindent 8 }}
      {{- else if .root.Values.certificates.certManager.enabled }}
      volumeMounts:
        - {name: certificate, mountPath: /etc/countersign/certificate, readOnly: true}
      {{- end }}
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
  {{- if eq .roles "approvals" }}
  volumes:
    {{- include "countersign.approvals.volumes" .root | nindent 4 }}
  {{- else if .root.Values.certificates.certManager.enabled }}
  volumes:
    # The kubelet brings a renewed certificate into the running pod.
    - name: certificate
      secret: {secretName: {{ include "countersign.certSecret" .root }}, defaultMode: 0440}
  {{- end }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "countersign.selectorLabels" .root | nindent 10 }}
          app.kubernetes.io/component: {{ .component }}
    - maxSkew: 1
      topologyKey: topology.kubernetes.io/zone
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "countersign.selectorLabels" .root | nindent 10 }}
          app.kubernetes.io/component: {{ .component }}
  {{- with .values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* The data of the ConfigMap that every process reads its settings from. */}}
{{- define "countersign.config" -}}
COUNTERSIGN_LOG_LEVEL: {{ .Values.logLevel | quote }}
COUNTERSIGN_HEALTH_PORT: "8081"
COUNTERSIGN_ADMISSION_PORT: "8443"
COUNTERSIGN_HOLD_MODE: {{ include "countersign.holdMode" . | quote }}
{{- if .Values.certificates.certManager.enabled }}
COUNTERSIGN_CERT_DIR: /etc/countersign/certificate
{{- else }}
COUNTERSIGN_CERT_SECRET: {{ include "countersign.certSecret" . | quote }}
{{- end }}
{{- with .Values.admission.url }}
COUNTERSIGN_ADMISSION_URL: {{ . | quote }}
{{- end }}
COUNTERSIGN_CONCURRENCY: {{ .Values.controller.concurrency | int | quote }}
COUNTERSIGN_QPS: {{ .Values.controller.qps | int | quote }}
COUNTERSIGN_BURST: {{ .Values.controller.burst | int | quote }}
COUNTERSIGN_CONNECTIONS: {{ .Values.controller.connections | int | quote }}
COUNTERSIGN_DEFAULT_TIMEOUT: {{ .Values.requests.defaultTimeout | quote }}
COUNTERSIGN_RETENTION: {{ .Values.requests.retention | quote }}
COUNTERSIGN_RETENTION_PER_NAMESPACE: {{ .Values.requests.retentionPerNamespace | int | quote }}
COUNTERSIGN_CRONJOB_OPEN_REQUESTS: {{ .Values.requests.cronJobOpenRequests | int | quote }}
{{- with .Values.http.allow }}
COUNTERSIGN_HTTP_ALLOW: {{ join "," . | quote }}
{{- end }}
{{- with .Values.http.ca }}
COUNTERSIGN_HTTP_CA: {{ . | quote }}
{{- end }}
{{- with .Values.telemetry.otlpEndpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ . | quote }}
{{- end }}
{{- end -}}
