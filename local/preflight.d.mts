/** Whether node_modules holds just what the lock file says; packages for other platforms may be missing. */
export function isInstalled(lockFile: string, installedFile: string): boolean;
