/** Whether the user asked the browser to fetch no more than is needed; false where the browser does not say. */
export function savesData(): boolean {
  const { connection } = navigator as { connection?: { saveData: boolean } };
  return connection?.saveData ?? false;
}
