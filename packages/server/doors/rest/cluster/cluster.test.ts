import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { metricsSchema } from '@holdfast/core/wire/rest/about.ts'
import {
  aliveSchema,
  clusterSchema,
  healthSchema,
  nodePageSchema,
  nodeSchema,
  readySchema,
} from '@holdfast/core/wire/rest/cluster.ts'
import { jobSchema } from '@holdfast/core/wire/rest/job.ts'
import { z } from 'zod'
import { TestDoor } from '../rest.test-support.ts'

const open = { key: null }

describe('health', () => {
  it('is open, and says no more than it should', async () => {
    await using door = await TestDoor.open()
    door.floor.warnings.push({ code: 'few_nodes', message: 'not for everybody' })
    const heard = await door.ask('GET', '/health', open)
    const { state, readable, writable, nodes, ...more } = JSON.parse(heard.body.toString())
    assert.deepEqual([state, readable, writable, more], ['optimal', true, true, {}])
    assert.deepEqual(Object.keys(nodes[0]), ['id', 'state'])
    assert.equal(heard.as(healthSchema).nodes.length, 5)
    assert.deepEqual((await door.ask('GET', '/healthz', open)).as(aliveSchema), { alive: true })
    assert.deepEqual((await door.ask('GET', '/readyz', open)).as(readySchema), { ready: true })
    assert.equal((await door.ask('HEAD', '/readyz', open)).status, 200)
  })

  it('follows the nodes', async () => {
    await using door = await TestDoor.open()
    const [one, two] = door.floor.nodes
    Object.assign(one ?? assert.fail(), { state: 'offline', writable: false })
    assert.equal((await door.ask('GET', '/health', open)).as(healthSchema).state, 'degraded')
    assert.equal((await door.ask('GET', '/readyz', open)).status, 200)
    Object.assign(two ?? assert.fail(), { state: 'failed', writable: false })
    const health = (await door.ask('GET', '/health', open)).as(healthSchema)
    assert.deepEqual([health.readable, health.writable], [true, false])
    assert.equal((await door.ask('GET', '/readyz', open)).problem().code, 'quorum_lost')
    assert.equal((await door.ask('GET', '/healthz', open)).status, 200)
  })

  it('says whether a node may be stopped', async () => {
    await using door = await TestDoor.open()
    const ask = (which: string) => door.ask('GET', `/readyz?maintenance=${which}`, open)
    assert.equal((await ask('2')).status, 200)
    assert.equal((await ask(door.floor.nodes[1]?.id ?? '')).status, 200)
    Object.assign(door.floor.nodes[0] ?? assert.fail(), { state: 'offline', writable: false })
    assert.equal((await ask('2')).problem().code, 'precondition_failed')
    assert.equal((await ask('1')).status, 200)
    assert.equal((await ask('9')).problem().code, 'not_found')
  })
})

describe('the cluster', () => {
  it('is collected when somebody asks, and only counted in a dry run', async () => {
    await using door = await TestDoor.open()
    door.floor.collected = { chunks: 3, pages: 2, stripes: 1, debris: 4 }
    const collect = (body?: object) => door.ask('POST', '/api/v1/cluster/collect', { body })
    const collected = async (body?: object) => {
      const { id, actor } = (await collect(body)).as(jobSchema)
      assert.equal(actor, 'admin')
      const job = (await door.ask('GET', `/api/v1/jobs/${id}`)).as(jobSchema)
      assert.equal(job.state, 'done')
      return job.result
    }
    const counted = { chunks: 3, pages: 2, stripes: 1 }
    assert.deepEqual(await collected({ dryRun: true }), { dryRun: true, ...counted, debris: null })
    assert.equal(door.floor.collections, 0)
    for (const body of [undefined, {}, { dryRun: false }]) {
      assert.deepEqual(await collected(body), { dryRun: false, ...counted, debris: 4 })
    }
    assert.equal(door.floor.collections, 3)
    assert.equal((await collect({ dryrun: true })).problem().code, 'bad_request')
    assert.equal((await door.ask('POST', '/api/v1/cluster/collect', { key: null })).status, 401)
    assert.equal(door.floor.collections, 3)
  })

  it('is collected for as long as that takes, without a connection that waits', async () => {
    await using door = await TestDoor.open()
    const { promise, resolve } = Promise.withResolvers<void>()
    door.floor.collecting = promise
    const asked = await door.ask('POST', '/api/v1/cluster/collect')
    assert.equal(asked.status, 202)
    const { id } = asked.as(jobSchema)
    assert.equal(asked.headers.location, `/api/v1/jobs/${id}`)
    const job = async () => (await door.ask('GET', `/api/v1/jobs/${id}`)).as(jobSchema)
    assert.deepEqual([(await job()).state, (await job()).result], ['running', null])
    resolve()
    assert.equal((await job()).state, 'done')
    assert.equal((await door.ask('GET', '/api/v1/jobs/none')).problem().code, 'not_found')
  })

  it('and its nodes are described', async () => {
    await using door = await TestDoor.open()
    const warning = { code: 'shared_device', message: 'all 5 drives lie on one device' } as const
    door.floor.warnings.push(warning)
    const cluster = (await door.ask('GET', '/api/v1/cluster')).as(clusterSchema)
    assert.deepEqual([cluster.capacityBytes, cluster.freeBytes, cluster.nodes.length], [5000, 4500, 5])
    assert.deepEqual(cluster.warnings, [warning])
    const { items } = (await door.ask('GET', '/api/v1/nodes')).as(nodePageSchema)
    const [first] = items
    assert.deepEqual((await door.ask('GET', `/api/v1/nodes/${first?.id}`)).as(nodeSchema), first)
    assert.deepEqual((await door.ask('GET', '/api/v1/nodes/1')).as(z.strictObject(nodeSchema.shape)), first)
    assert.equal((await door.ask('GET', '/api/v1/nodes/none')).problem().code, 'not_found')
  })

  it('has figures of its requests', async () => {
    await using door = await TestDoor.open()
    await door.get('none')
    await door.get('none')
    door.floor.tally.noteDamage(2, 'damaged')
    door.floor.tally.noteDamage(2, 'missing')
    door.floor.tally.noteDamage(3, 'damaged')
    door.floor.tally.noteRecount({ rows: 7, passes: 1, differences: 2 })
    const { requests, process, recount, shards } = (await door.ask('GET', '/api/v1/metrics')).as(metricsSchema)
    assert.equal(requests.begun, 3)
    assert.deepEqual(requests.problems, { file_not_found: 2 })
    assert.deepEqual(shards, { damaged: 2, missing: 1 })
    assert.deepEqual(recount, { rows: 7, passes: 1, differences: 2 })
    assert.ok(process.residentBytes > 0 && process.uptimeMs > 0)
  })
})
