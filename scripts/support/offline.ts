/**
 * Flags of the processes that scripts start, and of all tasks that need no network.
 *
 * @module
 */

/** Such a process asks nothing of a person, fetches nothing, and runs no package but those in the lock file. */
export const OFFLINE: readonly string[] = ["--no-prompt", "--cached-only", "--no-remote", "--frozen"];
