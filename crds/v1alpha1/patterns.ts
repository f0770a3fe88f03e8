/** A duration such as `48h`, `30m` or `1d12h`; a field of the CRDs and an annotation of plain Jobs are read alike. */
export const durationPattern = /^([0-9]{1,6}[dhms])+$/;
