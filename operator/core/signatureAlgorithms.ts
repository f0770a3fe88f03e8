/** What a token of the identity provider may be signed with: never `none`, and never HS*, whose key would be one that is published. */
export const signatureAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];
