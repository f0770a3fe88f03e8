/** Who a request is made as, when that is not oneself. */
export interface Impersonation {
  readonly user: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What proves who is asking. `version` changes whenever the client certificate changes, so that connections are made anew. */
export interface Credential {
  readonly authorization?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Gives the credential to use now; may read files, run a plugin or refresh a token. */
export interface CredentialSource {
  /** The credential for the next request. Cheap when nothing has changed. */
  current(): Credential | Promise<Credential>;
  /** The server answered 401: do not trust what is cached. */
  invalidate(): void;
}

/** Everything needed to reach one cluster as one user. */
export interface ClusterConfig {
  readonly server: string;
  readonly ca?: string | undefined;
  readonly tlsServerName?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean;
  readonly proxyUrl?: string | undefined;
  readonly credentials: CredentialSource;
  readonly impersonate?: Impersonation | undefined;
  /** The namespace of the context, or `default`. */
  readonly namespace: string;
  readonly contextName?: string | undefined;
  readonly userName?: string | undefined;
}

/** What the command line or the environment overrides. Names are kubectl's. */
export interface LoadOptions {
  /** --kubeconfig; wins over KUBECONFIG. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly server?: string | undefined;
  readonly token?: string | undefined;
  readonly namespace?: string | undefined;
  readonly as?: string | undefined;
  readonly asUid?: string | undefined;
  readonly asGroups?: readonly string[] | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  readonly certificateAuthority?: string | undefined;
  readonly tlsServerName?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
}
