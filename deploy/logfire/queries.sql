-- Generated from docs/queries.md: npm run deploy:generate

-- 1. Everything that happened for a tenant, in traces
SELECT start_timestamp, service_name, span_name, duration, trace_id
FROM records
WHERE attributes->>'tenant.id' = 'org_01ACME' AND kind = 'span' AND start_timestamp > now() - interval '1 hour'
ORDER BY start_timestamp DESC
LIMIT 200;

-- 2. Everything that happened for a tenant, in logs
SELECT start_timestamp, service_name, level, message, trace_id
FROM records
WHERE attributes->>'tenant.id' = 'org_01ACME' AND kind = 'log'
ORDER BY start_timestamp DESC
LIMIT 200;

-- 3. Everything of one workflow
SELECT start_timestamp, service_name, kind, message
FROM records
WHERE attributes->>'workflow.id' = 'provision-6f1c'
ORDER BY start_timestamp;

-- 4. A tenant's errors of the last hour
SELECT start_timestamp, service_name, message, exception_type, exception_message, trace_id
FROM records
WHERE attributes->>'tenant.id' = 'org_01ACME'
  AND (level >= 'error' OR is_exception)
  AND start_timestamp > now() - interval '1 hour'
ORDER BY start_timestamp DESC;

-- 5. From the record of a failed job to its span, trace, tenant and operation, and back
SELECT record.message, span.span_name, span.trace_id, span.attributes->>'tenant.id' AS tenant, span.attributes->>'operation.type' AS operation
FROM records AS record
JOIN records AS span ON span.trace_id = record.trace_id AND span.span_id = record.parent_span_id
WHERE record.kind = 'log' AND record.attributes->>'job.id' = '42';

-- 6. A tenant's slowest requests by route
SELECT service_name, http_route, count(*) AS requests, approx_percentile_cont(duration, 0.95) AS p95
FROM records
WHERE attributes->>'tenant.id' = 'org_01ACME' AND kind = 'span' AND http_route IS NOT NULL
GROUP BY service_name, http_route
ORDER BY p95 DESC;

-- 7. Failed and retried jobs by queue and tenant
SELECT attributes->>'messaging.destination.name' AS queue, attributes->>'tenant.id' AS tenant,
  count(*) AS attempts, sum(CASE WHEN otel_status_code = 'ERROR' THEN 1 ELSE 0 END) AS failed
FROM records
WHERE attributes->>'messaging.operation.name' = 'process'
GROUP BY 1, 2
ORDER BY failed DESC;

-- 8. A tenant's slow database statements
SELECT span_name, attributes->>'db.query.text' AS statement, count(*) AS calls, max(duration) AS slowest
FROM records
WHERE attributes->>'tenant.id' = 'org_01ACME' AND attributes->>'db.system.name' = 'postgresql'
GROUP BY span_name, statement
HAVING max(duration) > 0.1
ORDER BY slowest DESC;

-- 9. Failed calls of Fly, by route and tenant
SELECT attributes->>'url.template' AS route, attributes->>'tenant.id' AS tenant, http_response_status_code, count(*) AS calls
FROM records
WHERE attributes->>'peer.service' = 'fly-machines-api' AND otel_status_code = 'ERROR'
GROUP BY route, tenant, http_response_status_code
ORDER BY calls DESC;

-- 10. Requests, errors, p50 and p95 of every tenant
SELECT attributes->>'tenant.id' AS tenant, count(*) AS requests,
  sum(CASE WHEN http_response_status_code >= 500 THEN 1 ELSE 0 END) AS errors,
  approx_percentile_cont(duration, 0.5) AS p50, approx_percentile_cont(duration, 0.95) AS p95
FROM records
WHERE service_name = 'mcp-gateway' AND kind = 'span' AND http_route IS NOT NULL
GROUP BY tenant
ORDER BY requests DESC;
