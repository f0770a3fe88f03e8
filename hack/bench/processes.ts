import { readFileSync, writeFileSync } from 'node:fs';

/** Linux counts CPU time in these, whatever the kernel's own tick. */
const ticksPerSecond = 100;

/** Seconds of CPU that a process has used since it started. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in brackets, may hold spaces; what follows it does not.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** The most memory in MB that a process has had resident, since it started or since `forgetPeak`. */
export const peakMegabytes = (pid: number): number => statusMegabytes(pid, 'VmHWM');

/** The memory in MB that a process has resident now. */
export const residentMegabytes = (pid: number): number => statusMegabytes(pid, 'VmRSS');

function statusMegabytes(pid: number, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1]) / 1024;
}

/** Lets the peak begin anew at what is resident now. */
export const forgetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5');
