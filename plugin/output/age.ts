export * from '../../operator/core/age.ts';
