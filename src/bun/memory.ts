/** Memory of this process, in bytes. */
export const memoryBytes = (): number => process.memoryUsage.rss();
