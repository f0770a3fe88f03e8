export * from '../../operator/core/uncovered.ts';
