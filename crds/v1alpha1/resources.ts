/** The API group of all our kinds. */
export const group = 'countersign.dev';

/** The version that these types describe. */
export const version = 'v1alpha1';

/** What `apiVersion` says in every object of ours. */
export const apiVersion = `${group}/${version}` as const;

/** What a client needs to address a kind. */
export interface Resource<Kind extends string = string> {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: Kind;
  readonly namespaced: boolean;
}

const resource = <Kind extends string>(kind: Kind, plural: string, namespaced = true): Resource<Kind> => ({
  group,
  version,
  plural,
  kind,
  namespaced,
});

export const approvalRequests = resource('ApprovalRequest', 'approvalrequests');
export const approvalDecisions = resource('ApprovalDecision', 'approvaldecisions');
export const approvalDelegations = resource('ApprovalDelegation', 'approvaldelegations');
export const approvers = resource('Approver', 'approvers', false);
export const governedJobs = resource('GovernedJob', 'governedjobs');
export const approvalPolicies = resource('ApprovalPolicy', 'approvalpolicies');
export const clusterApprovalPolicies = resource('ClusterApprovalPolicy', 'clusterapprovalpolicies', false);
export const notificationChannels = resource('NotificationChannel', 'notificationchannels');
export const clusterNotificationChannels = resource('ClusterNotificationChannel', 'clusternotificationchannels', false);
