import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { IdMaker } from '@holdfast/core/wire/ids.ts'
import { systemRandom } from '../seams/random.ts'
import type { NodeStanding } from './health.ts'
import { warningsOf } from './warnings.ts'

const ids = new IdMaker(Date.now, systemRandom.bytes)

function node(number: number, zone: string, state: NodeStanding['state'] = 'online'): NodeStanding {
  const at = { name: `drive-${number}`, region: 'here', weight: 1, capacityBytes: 1, freeBytes: 1 }
  const found = { shardsDamaged: 0, shardsMissing: 0, readErrors: 0 }
  return { number, id: ids.next(), zone, state, writable: true, ...at, ...found }
}

function said(...zones: string[]): string[] {
  return warningsOf(
    zones.map((zone, index) => node(index + 1, zone)),
    [],
  ).map(({ code, message }) => `${code}: ${message}`)
}

describe('warnings', () => {
  it('are none where five drives lie on devices of their own', () => {
    assert.deepEqual(said('a', 'b', 'c', 'd', 'e'), [])
    assert.deepEqual(said('a', 'b', 'c', 'd', 'e', 'f', 'g'), [])
  })

  it('say plainly what fewer than five drives can bear', () => {
    const few = 'few_nodes: there are'
    assert.deepEqual(said('a', 'b', 'c', 'd'), [
      `${few} 4 drives, fewer than 5: a bucket keeps 3 copies of what it stores, so that two drives may die`,
    ])
    assert.deepEqual(said('a', 'b'), [
      `${few} 2 drives, fewer than 5: a bucket keeps 2 copies of what it stores, so that one drive may die`,
    ])
    assert.deepEqual(said('a'), [
      `${few} 1 drive, fewer than 5: a bucket keeps one copy of what it stores, so that no drive may die`,
    ])
  })

  it('say which drives share a device, and whether its death loses everything', () => {
    assert.deepEqual(said('a', 'a', 'a', 'a', 'a'), [
      'shared_device: all 5 drives lie on one device: when it dies, everything is lost',
    ])
    assert.deepEqual(said('a', 'a', 'a', 'b', 'c'), [
      'shared_device: drive-1, drive-2, drive-3 lie on one device: when it dies, everything is lost',
    ])
    assert.deepEqual(said('a', 'a', 'b', 'b', 'c'), [
      'shared_device: drive-1, drive-2 lie on one device: when it dies, they die together',
      'shared_device: drive-3, drive-4 lie on one device: when it dies, they die together',
    ])
    assert.deepEqual(said('a', 'a', 'a', 'b', 'b', 'b'), [
      'shared_device: drive-1, drive-2, drive-3 lie on one device: when it dies, files are lost',
      'shared_device: drive-4, drive-5, drive-6 lie on one device: when it dies, files are lost',
    ])
    assert.deepEqual(said('a', 'a', 'b').slice(1), [
      'shared_device: drive-1, drive-2 lie on one device: when it dies, they die together',
    ])
  })

  it('name a drive that went back, and one that fails to read', () => {
    const nodes = [...'abcde'].map((zone, index) => node(index + 1, zone, index < 2 ? 'suspect' : 'online'))
    assert.deepEqual(
      warningsOf(nodes, [1, 3]).map(({ code, message }) => [code, message.slice(0, 7)]),
      [
        ['rolled_back', 'drive-1'],
        ['read_errors', 'drive-2'],
      ],
    )
  })
})
