import { describe, expect, it, test } from 'vitest';
import { launchValues, sizeForMemory } from '../../../src/steam/launch.js';
import type { SteamLimits, SteamProfile } from '../../../src/steam/profiles.js';

const profile = (limits: SteamLimits): SteamProfile => ({ id: 1, name: 'small', type: 'h2o_kubernetes', limits });

describe('the values of a launch', () => {
  const limited = profile({
    cpuCount: { min: 1, max: 8, initial: 2 },
    memoryGb: { min: 4 },
    nodeCount: { max: 3, initial: 1 },
    gpuCount: {},
  });

  test.each([
    ['what was given', { cpuCount: 8 }, 'cpuCount', 8],
    ['what the profile suggests', {}, 'cpuCount', 2],
    ['zero where zero was given', { gpuCount: 0 }, 'gpuCount', 0],
    ['anything where there is no limit', { gpuCount: 99 }, 'gpuCount', 99],
  ] as const)('are %s', (_, given, name, value) => {
    expect(launchValues(limited, given)(name)).toBe(value);
  });

  test.each([
    ['above the highest', { cpuCount: 9 }, 'cpuCount', 'allows 1 to 8'],
    ['below the lowest', { cpuCount: 0 }, 'cpuCount', 'allows 1 to 8'],
    ['below the lowest without a highest', { memoryGb: 3 }, 'memoryGb', 'allows at least 4'],
    ['above the highest without a lowest', { nodeCount: 4 }, 'nodeCount', 'allows at most 3'],
    ['not given and not suggested', {}, 'memoryGb', 'suggests none'],
  ] as const)('are refused when %s', (_, given, name, message) => {
    expect(() => launchValues(limited, given)(name)).toThrow(message);
  });

  it('are refused when the suggestion itself is outside of the limits', () => {
    expect(() => launchValues(profile({ cpuCount: { max: 1, initial: 2 } }), {})('cpuCount')).toThrow('allows at most 1');
  });
});

describe('the size for a data set', () => {
  const limits: SteamLimits = { nodeCount: { min: 1, max: 6, initial: 2 }, memoryGb: { min: 4, max: 16, initial: 8 } };

  test.each<[string, number, SteamLimits, { nodeCount?: number; memoryGb?: number }]>([
    ['nothing estimated: as the profile suggests', 0, limits, {}],
    ['less than a node has at least', 2, limits, { nodeCount: 1, memoryGb: 4 }],
    ['one node holds it', 9, limits, { nodeCount: 1, memoryGb: 9 }],
    ['one node just holds it', 16, limits, { nodeCount: 1, memoryGb: 16 }],
    ['more nodes, each as large as may be', 33, limits, { nodeCount: 3, memoryGb: 16 }],
    ['more than there may be', 1000, limits, { nodeCount: 6, memoryGb: 16 }],
    ['the least number of nodes is above one', 24, { ...limits, nodeCount: { min: 2, max: 6 } }, { nodeCount: 2, memoryGb: 16 }],
    ['a part of a gigabyte', 8.2, limits, { nodeCount: 1, memoryGb: 9 }],
    ['no highest number of nodes', 160, { memoryGb: { max: 16 } }, { nodeCount: 10, memoryGb: 16 }],
    ['no highest memory: as the profile suggests', 160, { nodeCount: { max: 4 } }, {}],
  ])('%s', (_, estimate, given, size) => {
    expect(sizeForMemory(estimate, given)).toEqual(size);
  });
});
