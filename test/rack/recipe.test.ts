import { recipeFor, recipeKey, RELEASES } from './recipe';

test.each(RELEASES)('%s: what the product has to install is not in the image', (release) => {
  const { packages, downloads } = recipeFor(release);
  for (const name of packages) expect(name).not.toMatch(/openvswitch|dpdk|librte|driverctl/);
  expect(downloads).toContain('openvswitch-switch-dpdk');
});

test('driver packages are named as Debian 13 names them', () => {
  expect(recipeFor('trixie').downloads).toEqual(
    expect.arrayContaining([
      'librte-net-e1000-25',
      'librte-net-virtio25',
      'librte-bus-pci25',
      'librte-mempool-ring25',
    ]),
  );
});

test('another recipe is another image', () => {
  const recipe = recipeFor('trixie');
  expect(recipeKey(recipe)).toBe(recipeKey(recipeFor('trixie')));
  expect(recipeKey({ ...recipe, packages: [...recipe.packages, 'jq'] })).not.toBe(recipeKey(recipe));
  expect(recipeKey(recipe)).toMatch(/^trixie-[0-9a-f]{12}$/);
});
