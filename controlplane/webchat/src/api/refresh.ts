/** Reads anew what a change has made old. */

import type { QueryClient, QueryKey } from "@tanstack/react-query";

/**
 * Read these again, from after now: a first reading that is still under way would otherwise be waited for and
 * taken for the answer, and it may have been made before the change.
 */
export async function refresh(client: QueryClient, ...keys: QueryKey[]): Promise<void> {
  await Promise.all(keys.map(async (queryKey) => {
    await client.cancelQueries({ queryKey });
    await client.invalidateQueries({ queryKey });
  }));
}
