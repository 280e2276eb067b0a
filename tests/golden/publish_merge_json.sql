DECLARE differing, doubled, partitions STRING;
DECLARE staged_keys, newer_keys INT64;
ALTER TABLE `my-project.shop.orders` ADD COLUMN IF NOT EXISTS `extra` JSON;
SET differing = (SELECT MIN(k) FROM (
  SELECT TO_JSON_STRING(STRUCT(`id` AS `id`)) AS k
  FROM `my-project.shop._sync_staging_20250722t150000_3f9a0c1d` AS s
  GROUP BY `id`, `updated_at`
  HAVING COUNT(DISTINCT TO_JSON_STRING(s)) > 1));
IF differing IS NOT NULL THEN
  RAISE USING MESSAGE = CONCAT("WRITE_MERGE: rows with the same merge_keys and the same updated_at differ. Nothing was published. To mend: name merge_keys that tell rows apart, or deliver one row per key. The first: ", differing);
END IF;
CREATE TEMP TABLE _newest AS
SELECT `id`, `amount`, PARSE_JSON(`tags`, wide_number_mode=>'round') AS `tags`, PARSE_JSON(`extra`, wide_number_mode=>'round') AS `extra`, `updated_at`
FROM `my-project.shop._sync_staging_20250722t150000_3f9a0c1d`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY `id` ORDER BY `updated_at` DESC) = 1;
CREATE TEMP TABLE _held AS
SELECT t.`id` AS `id`, TIMESTAMP_TRUNC(t.`updated_at`, DAY) AS smart_sync_partition, t.`updated_at` AS smart_sync_cursor, s.`updated_at` AS smart_sync_staged_cursor
FROM `my-project.shop.orders` AS t
JOIN _newest AS s ON t.`id` = s.`id`
WHERE t.`updated_at` IS NULL OR t.`updated_at` IS NOT NULL;
SET doubled = (SELECT MIN(k) FROM (
  SELECT TO_JSON_STRING(STRUCT(`id` AS `id`)) AS k
  FROM _held
  GROUP BY `id` HAVING COUNT(*) > 1));
IF doubled IS NOT NULL THEN
  RAISE USING MESSAGE = CONCAT("WRITE_MERGE: my-project.shop.orders holds a key more than once. Nothing was published. To mend: leave one row of each merge_keys in the table, or rebuild it with delete_existing_table=true. The first: ", doubled);
END IF;
SET staged_keys = (SELECT COUNT(*) FROM _newest);
SET newer_keys = (SELECT COUNT(*) FROM _held WHERE smart_sync_cursor > smart_sync_staged_cursor);
SET partitions = (SELECT STRING_AGG(CONCAT("TIMESTAMP '", FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', p), "+00'"), ', ' ORDER BY p)
  FROM (SELECT TIMESTAMP_TRUNC(s.`updated_at`, DAY) AS p FROM _newest AS s UNION DISTINCT SELECT DISTINCT smart_sync_partition AS p FROM _held) WHERE p IS NOT NULL);
EXECUTE IMMEDIATE CONCAT('''MERGE `my-project.shop.orders` AS t
USING _newest AS s
ON t.`id` = s.`id`
  AND (t.`updated_at` IS NULL''',
  IFNULL(CONCAT(' OR TIMESTAMP_TRUNC(t.`updated_at`, DAY) IN (', partitions, ')'), ''),
  ''')
WHEN MATCHED AND (t.`updated_at` IS NULL OR s.`updated_at` >= t.`updated_at`) THEN UPDATE SET `id` = s.`id`, `amount` = s.`amount`, `tags` = s.`tags`, `extra` = s.`extra`, `updated_at` = s.`updated_at`
WHEN NOT MATCHED THEN INSERT (`id`, `amount`, `tags`, `extra`, `updated_at`)
  VALUES (s.`id`, s.`amount`, s.`tags`, s.`extra`, s.`updated_at`)''');
SELECT staged_keys - newer_keys AS expected;
