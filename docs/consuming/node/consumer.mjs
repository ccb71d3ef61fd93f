// What each order was paid and refunded, kept from payment events: each effect once.
//
// The rules that docs/consuming.md explains: read committed records only; choose by `ce_type`;
// take the event's id into the inbox in the SQL transaction of its effect; commit the offset after
// that. Settings: KAFKA_BROKERS, TOPIC, GROUP, DATABASE_URL.
//
// It relies on the order within a payment, and leaves out disputes that are won after money was
// taken: streams/downstream/payment.py is the whole of it.
import { Kafka, logLevel } from "kafkajs";
import pg from "pg";

const { KAFKA_BROKERS, TOPIC = "payments.events.v1", GROUP = "orders", DATABASE_URL } = process.env;

const TABLES = `
  CREATE TABLE IF NOT EXISTS inbox (
    event_id TEXT PRIMARY KEY, payment_key TEXT NOT NULL, minor BIGINT);
  CREATE TABLE IF NOT EXISTS payments (
    payment_key TEXT PRIMARY KEY, mode TEXT NOT NULL, order_number TEXT, currency TEXT,
    captured BIGINT NOT NULL DEFAULT 0, taken BIGINT NOT NULL DEFAULT 0,
    refunded BIGINT NOT NULL DEFAULT 0);
  CREATE OR REPLACE VIEW order_sums AS
    SELECT mode, order_number, currency, SUM(captured - LEAST(captured, taken)) AS paid,
      SUM(refunded) AS refunded
    FROM payments WHERE order_number IS NOT NULL GROUP BY mode, order_number, currency`;

// One step for each type that this consumer understands; any other is skipped.
const EFFECTS = {
  "io.tillstream.PaymentSucceeded.v1": (sql, event) =>
    add(sql, event, "captured", event.amount.minor),
  "io.tillstream.PaymentReversed.v1": (sql, event) => add(sql, event, "taken", event.amount.minor),
  // Told only where the order number of known money became known: it is taken from every event.
  "io.tillstream.PaymentLinked.v1": async () => {},
  "io.tillstream.RefundCompleted.v1": (sql, event) =>
    // Derived from a running total: the total is what the provider said.
    event.derived && event.refunded_total
      ? sql.query("UPDATE payments SET refunded = $2 WHERE payment_key = $1",
          [event.key, event.refunded_total.minor])
      : add(sql, event, "refunded", event.amount.minor),
  "io.tillstream.RefundFailed.v1": async (sql, event) => {
    if (!event.reverses) return; // It never counted as completed.
    const { rows } = await sql.query("SELECT minor FROM inbox WHERE event_id = $1",
      [event.reverses]);
    if (rows.length) await add(sql, event, "refunded", -rows[0].minor);
  },
  "io.tillstream.DisputeLost.v1": (sql, event) =>
    // Without an amount all of it is lost; more than was captured cannot be.
    add(sql, event, "taken", event.amount?.minor ?? Number.MAX_SAFE_INTEGER),
};

function add(sql, event, column, minor) {
  return sql.query(
    `UPDATE payments SET ${column} = ${column} + $2, currency = COALESCE(currency, $3)
     WHERE payment_key = $1`, [event.key, minor, event.amount?.currency]);
}

function read(message) {
  const header = (name) => message.headers[name]?.toString();
  return {
    ...JSON.parse(message.value.toString()), // Members that are not known here do no harm.
    id: header("ce_id"),
    ceType: header("ce_type"),
    key: message.key.toString(),
    derived: header("ce_derived") === "1",
    reverses: header("ce_reverses"),
  };
}

async function applyOnce(sql, event) {
  const taken = await sql.query(
    "INSERT INTO inbox VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    [event.id, event.key, event.amount?.minor ?? null]);
  if (taken.rowCount === 0) return false; // Known: its effect is there already.
  await sql.query(
    `INSERT INTO payments (payment_key, mode, order_number) VALUES ($1, $2, $3)
     ON CONFLICT (payment_key) DO UPDATE
     SET order_number = COALESCE(payments.order_number, excluded.order_number)`,
    [event.key, event.mode, event.merchant_order_id]);
  await EFFECTS[event.ceType](sql, event);
  return true;
}

async function applyBatch(pool, messages) {
  const counts = { applied: 0, known: 0, skipped: 0 };
  const sql = await pool.connect();
  try {
    await sql.query("BEGIN");
    for (const message of messages) {
      if (!(message.headers.ce_type?.toString() in EFFECTS)) counts.skipped += 1;
      else counts[(await applyOnce(sql, read(message))) ? "applied" : "known"] += 1;
    }
    await sql.query("COMMIT");
    return counts;
  } catch (error) {
    await sql.query("ROLLBACK").catch(() => {});
    throw error;
  } finally {
    sql.release();
  }
}

const pool = new pg.Pool({ connectionString: DATABASE_URL });
const kafka = new Kafka({ brokers: KAFKA_BROKERS.split(","), logLevel: logLevel.ERROR });
// readUncommitted false: what settling aborted must never be seen.
const consumer = kafka.consumer({ groupId: GROUP, readUncommitted: false, sessionTimeout: 6_000 });

await pool.query(TABLES);
await consumer.connect();
// No committed offset means from the beginning: the inbox knows what was applied.
await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
await consumer.run({
  autoCommit: false,
  eachBatchAutoResolve: false,
  eachBatch: async ({ batch, resolveOffset }) => {
    if (batch.messages.length === 0) return;
    const counts = await applyBatch(pool, batch.messages);
    // Only now: an offset that runs ahead of the transaction loses its effects in a crash.
    const offset = (BigInt(batch.lastOffset()) + 1n).toString();
    await consumer.commitOffsets([{ topic: batch.topic, partition: batch.partition, offset }]);
    resolveOffset(batch.lastOffset());
    console.log(JSON.stringify({ partition: batch.partition, ...counts }));
  },
});

// A consumer that cannot go on ends: whoever supervises it starts it again at its offset.
consumer.on(consumer.events.CRASH, () => process.exit(1));
process.on("SIGTERM", async () => {
  await consumer.disconnect();
  await pool.end();
});
