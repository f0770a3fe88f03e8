export { businessDeadline, hoursFaults } from './businessHours.ts';
export { gateFaults, windowFaults } from './faults.ts';
export { gate, gateHorizonMs, type Gate } from './gate.ts';
