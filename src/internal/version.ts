/**
 * The version that the package tells to services, in `User-Agent`.
 */
export const version = '0.1.0';
