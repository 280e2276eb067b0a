DECLARE _smart_sync_differing, _smart_sync_unkeyed, _smart_sync_doubled, _smart_sync_partitions STRING;
DECLARE _smart_sync_expected, _smart_sync_deleted INT64;
ALTER TABLE `my-project.shop.orders` ADD COLUMN IF NOT EXISTS `_sync_deleted_at` TIMESTAMP OPTIONS (description="When this row was deleted in the source; NULL: it was not.");
CREATE TEMP TABLE _smart_sync_newest AS
SELECT *, LOGICAL_OR(_smart_sync_varies) OVER (PARTITION BY `id`) AS _smart_sync_differs
FROM (
  SELECT `id`, `name`, `updated_at`, `deleted_at`, `gone`, IF(`gone` IS TRUE, `updated_at`, NULL) AS `_sync_deleted_at`,
    MIN(_smart_sync_hash) OVER (PARTITION BY _smart_sync_staged.`id`, _smart_sync_staged.`updated_at`) != MAX(_smart_sync_hash) OVER (PARTITION BY _smart_sync_staged.`id`, _smart_sync_staged.`updated_at`) AS _smart_sync_varies
  FROM (SELECT *, SHA256(TO_JSON_STRING(_smart_sync_staged)) AS _smart_sync_hash
    FROM `my-project.shop._sync_staging_20250722t150000_3f9a0c1d` AS _smart_sync_staged) AS _smart_sync_staged)
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY `id` ORDER BY `updated_at` DESC) = 1;
CREATE TEMP TABLE _smart_sync_held AS
SELECT _smart_sync_table.`id` AS `id`, TIMESTAMP_TRUNC(_smart_sync_table.`updated_at`, DAY) AS _smart_sync_partition, _smart_sync_table.`updated_at` AS _smart_sync_cursor, _smart_sync_staged.`updated_at` AS _smart_sync_staged_cursor, _smart_sync_staged.`gone` IS TRUE AS _smart_sync_marked, _smart_sync_table.`_sync_deleted_at` IS NOT NULL AS _smart_sync_was_marked
FROM `my-project.shop.orders` AS _smart_sync_table
LEFT JOIN _smart_sync_newest AS _smart_sync_staged ON _smart_sync_table.`id` = _smart_sync_staged.`id`
WHERE (_smart_sync_table.`updated_at` IS NULL OR _smart_sync_table.`updated_at` IS NOT NULL) AND (_smart_sync_staged.`id` IS NOT NULL OR _smart_sync_table.`id` IS NULL);
EXECUTE IMMEDIATE '''SELECT
  (SELECT MIN(TO_JSON_STRING(STRUCT(_smart_sync_staged.`id` AS `id`))) FROM _smart_sync_newest AS _smart_sync_staged WHERE _smart_sync_differs) AS _smart_sync_differing,
  (SELECT MIN(TO_JSON_STRING(STRUCT(_smart_sync_staged.`id` AS `id`))) FROM _smart_sync_held AS _smart_sync_staged WHERE _smart_sync_staged.`id` IS NULL) AS _smart_sync_unkeyed,
  (SELECT MIN(k) FROM (SELECT TO_JSON_STRING(STRUCT(_smart_sync_staged.`id` AS `id`)) AS k FROM _smart_sync_held AS _smart_sync_staged
    GROUP BY _smart_sync_staged.`id` HAVING COUNT(*) > 1)) AS _smart_sync_doubled,
  (SELECT STRING_AGG(CONCAT("TIMESTAMP \'", FORMAT_TIMESTAMP(\'%E4Y-%m-%d %H:%M:%S\', p, \'UTC\'), "+00\'"), \', \' ORDER BY p)
    FROM (SELECT TIMESTAMP_TRUNC(_smart_sync_staged.`updated_at`, DAY) AS p FROM _smart_sync_newest AS _smart_sync_staged UNION DISTINCT SELECT DISTINCT _smart_sync_partition AS p FROM _smart_sync_held) WHERE p IS NOT NULL) AS _smart_sync_partitions,
  (SELECT COUNT(*) FROM _smart_sync_newest) - (SELECT COUNT(*) FROM _smart_sync_held WHERE _smart_sync_cursor > _smart_sync_staged_cursor) AS _smart_sync_expected,
  (SELECT COUNTIF(`gone` IS TRUE) FROM _smart_sync_newest) - (SELECT COUNTIF(_smart_sync_marked AND (COALESCE(_smart_sync_cursor > _smart_sync_staged_cursor, FALSE) OR _smart_sync_was_marked)) FROM _smart_sync_held) AS _smart_sync_deleted'''
  INTO _smart_sync_differing, _smart_sync_unkeyed, _smart_sync_doubled, _smart_sync_partitions, _smart_sync_expected, _smart_sync_deleted;
IF _smart_sync_differing IS NOT NULL THEN
  RAISE USING MESSAGE = CONCAT("WRITE_MERGE: rows with the same merge_keys and the same updated_at differ. Nothing was published. To mend: name merge_keys that tell rows apart, or deliver one row per key. The first: sha256 ", SUBSTR(TO_HEX(SHA256(_smart_sync_differing)), 1, 12), " (show_values=true shows it)");
END IF;
IF _smart_sync_unkeyed IS NOT NULL THEN
  RAISE USING MESSAGE = CONCAT("WRITE_MERGE: a row of my-project.shop.orders has no value in a column of merge_keys (a key that was added later?), so that its next version would be added beside it. Nothing was published. To mend: fill that column, by one run with the merge_keys of before and backfill_columns=<the column> (in a table with several versions of a row by UPDATE); then delete rows that still lack it, as the source has them no more. The first: sha256 ", SUBSTR(TO_HEX(SHA256(_smart_sync_unkeyed)), 1, 12), " (show_values=true shows it)");
END IF;
IF _smart_sync_doubled IS NOT NULL THEN
  RAISE USING MESSAGE = CONCAT("WRITE_MERGE: my-project.shop.orders holds a key more than once. Nothing was published. To mend: leave one row of each merge_keys in the table, or rebuild it with delete_existing_table=true. The first: sha256 ", SUBSTR(TO_HEX(SHA256(_smart_sync_doubled)), 1, 12), " (show_values=true shows it)");
END IF;
EXECUTE IMMEDIATE CONCAT('''MERGE `my-project.shop.orders` AS _smart_sync_table
USING _smart_sync_newest AS _smart_sync_staged
ON _smart_sync_table.`id` = _smart_sync_staged.`id`
  AND (_smart_sync_table.`updated_at` IS NULL''',
  IFNULL(CONCAT(' OR TIMESTAMP_TRUNC(_smart_sync_table.`updated_at`, DAY) IN (', _smart_sync_partitions, ')'), ''),
  ''')
WHEN MATCHED AND (_smart_sync_table.`updated_at` IS NULL OR _smart_sync_staged.`updated_at` >= _smart_sync_table.`updated_at`) THEN UPDATE SET `id` = _smart_sync_staged.`id`, `name` = _smart_sync_staged.`name`, `updated_at` = _smart_sync_staged.`updated_at`, `deleted_at` = _smart_sync_staged.`deleted_at`, `gone` = _smart_sync_staged.`gone`, `_sync_deleted_at` = _smart_sync_staged.`_sync_deleted_at`
WHEN NOT MATCHED THEN INSERT (`id`, `name`, `updated_at`, `deleted_at`, `gone`, `_sync_deleted_at`)
  VALUES (_smart_sync_staged.`id`, _smart_sync_staged.`name`, _smart_sync_staged.`updated_at`, _smart_sync_staged.`deleted_at`, _smart_sync_staged.`gone`, _smart_sync_staged.`_sync_deleted_at`)''');
SELECT _smart_sync_expected AS expected, _smart_sync_deleted AS deleted;
