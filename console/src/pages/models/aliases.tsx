import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { askJson } from '../../api/client.ts';
import { percentOfBp } from '../../parts/format.ts';

interface Alias {
  readonly alias: string;
  readonly versions: readonly { readonly version: string; readonly weight: number }[];
}

/** The names that move from version to version, and where they point now. */
export function Aliases({ model }: { readonly model: string }) {
  const aliases = useQuery({
    queryKey: ['aliases', model],
    queryFn: async () =>
      (await askJson<{ items: readonly Alias[] }>(`/admin/v1/models/${model}/aliases?limit=500`)).items,
  });
  return (aliases.data ?? []).map(({ alias, versions }) => (
    <Text key={alias} size="sm">
      @{alias} →{' '}
      {versions
        .map(({ version, weight }) => (versions.length === 1 ? version : `${version} ${percentOfBp(weight)}`))
        .join(', ')}
    </Text>
  ));
}
