/** Whether the user asked the browser to fetch no more than is needed. Browsers that cannot say so do not. */
export function savesData(): boolean {
  const { connection } = navigator as { connection?: { saveData: boolean } };
  return connection?.saveData ?? false;
}
