import type { z } from 'zod';
import { ApprovalDecision } from './approvalDecision.ts';
import { ApprovalDelegation } from './approvalDelegation.ts';
import { ApprovalPolicy } from './approvalPolicy.ts';
import { ApprovalRequest } from './approvalRequest.ts';
import { Approver } from './approver.ts';
import { ClusterApprovalPolicy } from './clusterApprovalPolicy.ts';
import { GovernedJob } from './governedJob.ts';
import { ClusterNotificationChannel, NotificationChannel } from './notificationChannel.ts';
import {
  approvalDecisions,
  approvalDelegations,
  approvalPolicies,
  approvalRequests,
  approvers,
  clusterApprovalPolicies,
  clusterNotificationChannels,
  governedJobs,
  notificationChannels,
  type Resource,
} from './resources.ts';

/** A column that `kubectl get` shows; with `priority` 1 only under `-o wide`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: 1;
}

/** Everything that the generator needs to write the CRD of a kind and its page of the reference. */
export interface Kind {
  readonly resource: Resource;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly description: string;
  readonly schema: z.ZodObject;
  /** Whether the kind has a status that only the operator writes. */
  readonly hasStatus: boolean;
  readonly printerColumns: readonly PrinterColumn[];
}

const categories = ['countersign'] as const;

const age: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since it was created.',
};

const ready: PrinterColumn = {
  name: 'Ready',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
  description: 'Whether the API server holds what the policy matches.',
};

const readyReason: PrinterColumn = {
  name: 'Reason',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
  description: 'Why it is ready or not.',
};

const policyColumns: PrinterColumn[] = [
  ready,
  readyReason,
  { name: 'On-Refusal', type: 'string', jsonPath: '.spec.onRefusal', description: 'What becomes of refused work.' },
  { name: 'Timeout', type: 'string', jsonPath: '.spec.timeout', description: 'The longest that a request may wait.', priority: 1 },
  age,
];

const channelColumns: PrinterColumn[] = [
  { name: 'Type', type: 'string', jsonPath: '.spec.type', description: 'The kind of service.' },
  {
    name: 'Ready',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].status',
    description: 'Whether config and the Secret are as they must be.',
  },
  {
    name: 'Delivering',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Delivering")].status',
    description: 'Whether the service takes what is sent.',
  },
  age,
  { name: 'Secret', type: 'string', jsonPath: '.spec.secretRef.name', description: 'The Secret with what is secret.', priority: 1 },
  {
    name: 'Message',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].message',
    description: 'Why it is ready or not.',
    priority: 1,
  },
];

/** All kinds of this version. */
export const kinds: readonly Kind[] = [
  {
    resource: approvalRequests,
    singular: 'approvalrequest',
    shortNames: ['areq'],
    categories,
    description:
      'ApprovalRequest asks for a yes or no on one subject: an object of its namespace that is held, or anything outside the cluster.',
    schema: ApprovalRequest,
    hasStatus: true,
    printerColumns: [
      { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Where the request stands.' },
      { name: 'Approvals', type: 'string', jsonPath: '.status.approvals', description: 'Approvals given and required.' },
      { name: 'Requester', type: 'string', jsonPath: '.status.requester.username', description: 'Who asked.' },
      { name: 'Policy', type: 'string', jsonPath: '.status.policies[0].name', description: 'The first policy that applies.' },
      age,
      { name: 'Operation', type: 'string', jsonPath: '.spec.operation', description: 'What is to be done.', priority: 1 },
      { name: 'Ticket', type: 'string', jsonPath: '.spec.ticket', description: 'The change or issue that asks for it.', priority: 1 },
      {
        name: 'Expires',
        type: 'string',
        jsonPath: '.status.expiresAt',
        description: 'When the request expires unless it is settled before.',
        priority: 1,
      },
      { name: 'Reason', type: 'string', jsonPath: '.spec.reason', description: 'Why it is to be done.', priority: 1 },
    ],
  },
  {
    resource: approvalDecisions,
    singular: 'approvaldecision',
    shortNames: ['adec'],
    categories,
    description: 'ApprovalDecision is one immutable verdict of one person on 1 to 100 ApprovalRequests.',
    schema: ApprovalDecision,
    hasStatus: false,
    printerColumns: [
      { name: 'Verdict', type: 'string', jsonPath: '.spec.verdict', description: 'What was decided.' },
      { name: 'Approver', type: 'string', jsonPath: '.spec.approver', description: 'Who decided.' },
      { name: 'Request', type: 'string', jsonPath: '.spec.requests[0].name', description: 'The first request that is decided.' },
      age,
      { name: 'Via', type: 'string', jsonPath: '.spec.via', description: 'The channel by which the decision came.', priority: 1 },
      { name: 'Ticket', type: 'string', jsonPath: '.spec.ticket', description: "The approver's ticket.", priority: 1 },
      { name: 'Reason', type: 'string', jsonPath: '.spec.reason', description: "The approver's reason.", priority: 1 },
    ],
  },
  {
    resource: governedJobs,
    singular: 'governedjob',
    shortNames: ['gjob'],
    categories,
    description: 'GovernedJob is a Job that runs only after policy and people allow it.',
    schema: GovernedJob,
    hasStatus: true,
    printerColumns: [
      { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Where the job stands.' },
      { name: 'Operation', type: 'string', jsonPath: '.spec.operation', description: 'What is to be done.' },
      {
        name: 'Request',
        type: 'string',
        jsonPath: '.status.approvalRequest.name',
        description: 'The request by which approval is asked for.',
      },
      { name: 'Requester', type: 'string', jsonPath: '.metadata.annotations.countersign\\.dev/requester', description: 'Who asked.' },
      age,
      { name: 'Job', type: 'string', jsonPath: '.status.job.name', description: 'The Job that runs.', priority: 1 },
      {
        name: 'Policy',
        type: 'string',
        jsonPath: '.spec.policyRef.name',
        description: 'The policy that the requester named.',
        priority: 1,
      },
      { name: 'Ticket', type: 'string', jsonPath: '.spec.ticket', description: 'The change or issue that asks for it.', priority: 1 },
      { name: 'Reason', type: 'string', jsonPath: '.spec.reason', description: 'Why it is to be done.', priority: 1 },
    ],
  },
  {
    resource: approvalPolicies,
    singular: 'approvalpolicy',
    shortNames: ['apol'],
    categories,
    description: 'ApprovalPolicy says which work of its namespace is governed, and who must agree to it.',
    schema: ApprovalPolicy,
    hasStatus: true,
    printerColumns: policyColumns,
  },
  {
    resource: clusterApprovalPolicies,
    singular: 'clusterapprovalpolicy',
    shortNames: ['capol'],
    categories,
    description: 'ClusterApprovalPolicy says which work in the cluster is governed, and who must agree to it.',
    schema: ClusterApprovalPolicy,
    hasStatus: true,
    printerColumns: policyColumns,
  },
  {
    resource: approvalDelegations,
    singular: 'approvaldelegation',
    shortNames: ['adel'],
    categories,
    description: 'ApprovalDelegation says who may decide in whose stead.',
    schema: ApprovalDelegation,
    hasStatus: false,
    printerColumns: [
      { name: 'From', type: 'string', jsonPath: '.spec.from', description: 'Whose decisions somebody else may take.' },
      { name: 'To', type: 'string', jsonPath: '.spec.to', description: 'Who may decide in their stead.' },
      { name: 'Not-Before', type: 'string', jsonPath: '.spec.notBefore', description: 'From when on.' },
      { name: 'Not-After', type: 'string', jsonPath: '.spec.notAfter', description: 'Until when.' },
      age,
      { name: 'Reason', type: 'string', jsonPath: '.spec.reason', description: 'Why.', priority: 1 },
    ],
  },
  {
    resource: approvers,
    singular: 'approver',
    shortNames: ['apr'],
    categories,
    description: 'Approver is one person, as a platform team knows them.',
    schema: Approver,
    hasStatus: false,
    printerColumns: [
      { name: 'Username', type: 'string', jsonPath: '.spec.username', description: 'The user name by which the API server knows them.' },
      { name: 'Manager', type: 'string', jsonPath: '.spec.manager', description: 'The user name of their manager.' },
      age,
    ],
  },
  {
    resource: notificationChannels,
    singular: 'notificationchannel',
    shortNames: ['nchan'],
    categories,
    description: 'NotificationChannel says where people of one namespace are told what waits for them and what became of it.',
    schema: NotificationChannel,
    hasStatus: true,
    printerColumns: channelColumns,
  },
  {
    resource: clusterNotificationChannels,
    singular: 'clusternotificationchannel',
    shortNames: ['cnchan'],
    categories,
    description: 'ClusterNotificationChannel says where people of any namespace are told what waits for them and what became of it.',
    schema: ClusterNotificationChannel,
    hasStatus: true,
    printerColumns: channelColumns,
  },
];
