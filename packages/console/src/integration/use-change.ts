import { useMutation, useQueryClient, type UseMutationResult } from "@tanstack/react-query";
import { request } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { adminPath } from "./integration.ts";

/** Changes some fields of an integration; all others stay as they are, keys too. */
export function useChange(
  id: string,
  said: string,
): UseMutationResult<unknown, Error, Readonly<Record<string, unknown>>> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Readonly<Record<string, unknown>>) => request(adminPath(id), { method: "PATCH", body }),
    onSuccess: async () => {
      announce(said);
      await queries.invalidateQueries({ queryKey: ["integrations"] });
    },
  });
}
