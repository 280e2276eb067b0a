DECLARE _smart_sync_differing, _smart_sync_unkeyed, _smart_sync_doubled, _smart_sync_partitions, _smart_sync_same_partitions STRING;
DECLARE _smart_sync_same, _smart_sync_added, _smart_sync_ended INT64;
DECLARE _smart_sync_replaced INT64 DEFAULT 0;
ALTER TABLE `my-project.shop.orders` ADD COLUMN IF NOT EXISTS `extra` JSON;
CREATE TEMP TABLE _smart_sync_versions AS
SELECT *
FROM (
  SELECT `id`, `amount`, PARSE_JSON(`tags`, wide_number_mode=>'round') AS `tags`, PARSE_JSON(`extra`, wide_number_mode=>'round') AS `extra`, `updated_at`,
    MIN(_smart_sync_hash) OVER (PARTITION BY _smart_sync_staged.`id`, _smart_sync_staged.`updated_at`) != MAX(_smart_sync_hash) OVER (PARTITION BY _smart_sync_staged.`id`, _smart_sync_staged.`updated_at`) AS _smart_sync_varies
  FROM (SELECT *, SHA256(TO_JSON_STRING(_smart_sync_staged)) AS _smart_sync_hash
    FROM `my-project.shop._sync_staging_20250722t150000_3f9a0c1d` AS _smart_sync_staged) AS _smart_sync_staged)
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY `id`, `updated_at` ORDER BY `updated_at`) = 1;
CREATE TEMP TABLE _smart_sync_ends AS
SELECT `id`, _smart_sync_from, _smart_sync_until, _smart_sync_partition, _smart_sync_held, _smart_sync_is_staged, _smart_sync_held > 0 AND (_smart_sync_to IS DISTINCT FROM _smart_sync_until OR _smart_sync_open IS DISTINCT FROM (_smart_sync_until IS NULL)) AS _smart_sync_moved
FROM (
SELECT * EXCEPT (_smart_sync_to), IF((_smart_sync_to > _smart_sync_from OR (_smart_sync_to = _smart_sync_from AND _smart_sync_held > 0)) AND IF(_smart_sync_next IS NULL, TRUE, _smart_sync_to < _smart_sync_next), _smart_sync_to, _smart_sync_next) AS _smart_sync_until,
  IF(_smart_sync_held > 0, _smart_sync_to, NULL) AS _smart_sync_to
FROM (
SELECT * EXCEPT (_smart_sync_to), MAX(_smart_sync_to) OVER (PARTITION BY `id`, _smart_sync_known) AS _smart_sync_to
FROM (
SELECT *, LEAD(_smart_sync_from) OVER (PARTITION BY `id` ORDER BY _smart_sync_from) AS _smart_sync_next,
  COUNTIF(_smart_sync_held > 0) OVER (PARTITION BY `id` ORDER BY _smart_sync_from ROWS UNBOUNDED PRECEDING) AS _smart_sync_known
FROM (
SELECT `id`, _smart_sync_from, MAX(_smart_sync_to) AS _smart_sync_to, LOGICAL_OR(_smart_sync_open) AS _smart_sync_open,
  MAX(_smart_sync_partition) AS _smart_sync_partition, COUNTIF(_smart_sync_held) AS _smart_sync_held, LOGICAL_OR(NOT _smart_sync_held) AS _smart_sync_is_staged
FROM (
  SELECT _smart_sync_table.`id` AS `id`,
    _smart_sync_table.`_sync_valid_from` AS _smart_sync_from, _smart_sync_table.`_sync_valid_to` AS _smart_sync_to, _smart_sync_table.`_sync_is_current` AS _smart_sync_open,
    TIMESTAMP_TRUNC(_smart_sync_table.`updated_at`, DAY) AS _smart_sync_partition, TRUE AS _smart_sync_held
    FROM `my-project.shop.orders` AS _smart_sync_table
LEFT JOIN (SELECT DISTINCT `id` FROM _smart_sync_versions) AS _smart_sync_staged ON _smart_sync_table.`id` = _smart_sync_staged.`id`
WHERE (_smart_sync_table.`updated_at` IS NULL OR _smart_sync_table.`updated_at` IS NOT NULL) AND (_smart_sync_staged.`id` IS NOT NULL OR _smart_sync_table.`id` IS NULL)
  UNION ALL
  SELECT `id`, `updated_at`, NULL, NULL, NULL, FALSE
    FROM _smart_sync_versions
)
GROUP BY `id`, _smart_sync_from
))));
EXECUTE IMMEDIATE '''SELECT
  (SELECT MIN(TO_JSON_STRING(STRUCT(_smart_sync_staged.`id` AS `id`))) FROM _smart_sync_versions AS _smart_sync_staged WHERE _smart_sync_varies) AS _smart_sync_differing,
  (SELECT MIN(TO_JSON_STRING(STRUCT(_smart_sync_staged.`id` AS `id`))) FROM _smart_sync_ends AS _smart_sync_staged WHERE _smart_sync_staged.`id` IS NULL) AS _smart_sync_unkeyed,
  (SELECT MIN(TO_JSON_STRING(STRUCT(_smart_sync_staged.`id` AS `id`))) FROM _smart_sync_ends AS _smart_sync_staged
    WHERE _smart_sync_held > 1 OR _smart_sync_from IS NULL) AS _smart_sync_doubled,
  (SELECT STRING_AGG(CONCAT("TIMESTAMP \'", FORMAT_TIMESTAMP(\'%E4Y-%m-%d %H:%M:%S\', p, \'UTC\'), "+00\'"), \', \' ORDER BY p)
    FROM (SELECT DISTINCT _smart_sync_partition AS p FROM _smart_sync_ends WHERE _smart_sync_held > 0 AND (_smart_sync_is_staged OR _smart_sync_moved)) WHERE p IS NOT NULL) AS _smart_sync_partitions,
  (SELECT STRING_AGG(CONCAT("TIMESTAMP \'", FORMAT_TIMESTAMP(\'%E4Y-%m-%d %H:%M:%S\', p, \'UTC\'), "+00\'"), \', \' ORDER BY p)
    FROM (SELECT DISTINCT _smart_sync_partition AS p FROM _smart_sync_ends WHERE _smart_sync_held > 0 AND (_smart_sync_held > 0 AND _smart_sync_is_staged AND NOT _smart_sync_moved)) WHERE p IS NOT NULL) AS _smart_sync_same_partitions,
  (SELECT COUNTIF(_smart_sync_held > 0 AND _smart_sync_is_staged AND NOT _smart_sync_moved) FROM _smart_sync_ends) AS _smart_sync_same,
  (SELECT COUNTIF(_smart_sync_held = 0) FROM _smart_sync_ends) AS _smart_sync_added,
  (SELECT COUNTIF(_smart_sync_moved) FROM _smart_sync_ends) AS _smart_sync_ended'''
  INTO _smart_sync_differing, _smart_sync_unkeyed, _smart_sync_doubled, _smart_sync_partitions, _smart_sync_same_partitions, _smart_sync_same, _smart_sync_added, _smart_sync_ended;
IF _smart_sync_differing IS NOT NULL THEN
  RAISE USING MESSAGE = CONCAT("WRITE_HISTORY: rows with the same merge_keys and the same updated_at differ. Nothing was published. To mend: name merge_keys that tell rows apart, or deliver one row per key. The first: sha256 ", SUBSTR(TO_HEX(SHA256(_smart_sync_differing)), 1, 12), " (show_values=true shows it)");
END IF;
IF _smart_sync_unkeyed IS NOT NULL THEN
  RAISE USING MESSAGE = CONCAT("WRITE_HISTORY: a row of my-project.shop.orders has no value in a column of merge_keys (a key that was added later?), so that its next version would be added beside it. Nothing was published. To mend: fill that column, by one run with the merge_keys of before and backfill_columns=<the column> (in a table with several versions of a row by UPDATE); then delete rows that still lack it, as the source has them no more. The first: sha256 ", SUBSTR(TO_HEX(SHA256(_smart_sync_unkeyed)), 1, 12), " (show_values=true shows it)");
END IF;
IF _smart_sync_doubled IS NOT NULL THEN
  RAISE USING MESSAGE = CONCAT("WRITE_HISTORY: my-project.shop.orders holds a version more than once, or a row without _sync_valid_from. Nothing was published. To mend: leave one row of each merge_keys and _sync_valid_from in the table. The first: sha256 ", SUBSTR(TO_HEX(SHA256(_smart_sync_doubled)), 1, 12), " (show_values=true shows it)");
END IF;
IF _smart_sync_same > 0 THEN
EXECUTE IMMEDIATE CONCAT('''SELECT COUNT(*) FROM `my-project.shop.orders` AS _smart_sync_table
JOIN _smart_sync_ends AS _smart_sync_end ON _smart_sync_table.`id` = _smart_sync_end.`id` AND _smart_sync_table.`_sync_valid_from` = _smart_sync_end.`_smart_sync_from`
JOIN _smart_sync_versions AS _smart_sync_staged ON _smart_sync_table.`id` = _smart_sync_staged.`id` AND _smart_sync_table.`_sync_valid_from` = _smart_sync_staged.`updated_at`
WHERE TO_JSON_STRING(STRUCT(_smart_sync_table.`id` AS `id`, _smart_sync_table.`amount` AS `amount`, _smart_sync_table.`tags` AS `tags`, _smart_sync_table.`extra` AS `extra`, _smart_sync_table.`updated_at` AS `updated_at`)) != TO_JSON_STRING(STRUCT(_smart_sync_staged.`id` AS `id`, _smart_sync_staged.`amount` AS `amount`, _smart_sync_staged.`tags` AS `tags`, _smart_sync_staged.`extra` AS `extra`, _smart_sync_staged.`updated_at` AS `updated_at`)) AND _smart_sync_held > 0 AND _smart_sync_is_staged AND NOT _smart_sync_moved
  AND (_smart_sync_table.`updated_at` IS NULL''',
  IFNULL(CONCAT(' OR TIMESTAMP_TRUNC(_smart_sync_table.`updated_at`, DAY) IN (', _smart_sync_same_partitions, ')'), ''),
  ''')
''')
  INTO _smart_sync_replaced;
END IF;
EXECUTE IMMEDIATE CONCAT('''MERGE `my-project.shop.orders` AS _smart_sync_table
USING (SELECT _smart_sync_ends.`id`, _smart_sync_versions.`amount`, _smart_sync_versions.`tags`, _smart_sync_versions.`extra`, _smart_sync_versions.`updated_at`,
    _smart_sync_ends._smart_sync_from, _smart_sync_ends._smart_sync_until, _smart_sync_ends._smart_sync_is_staged, _smart_sync_ends._smart_sync_moved
  FROM _smart_sync_ends LEFT JOIN _smart_sync_versions ON _smart_sync_ends.`id` = _smart_sync_versions.`id` AND _smart_sync_ends._smart_sync_from = _smart_sync_versions.`updated_at`
  WHERE _smart_sync_ends._smart_sync_is_staged OR _smart_sync_ends._smart_sync_moved) AS _smart_sync_staged
ON _smart_sync_table.`id` = _smart_sync_staged.`id` AND _smart_sync_table.`_sync_valid_from` = _smart_sync_staged.`_smart_sync_from`
  AND (_smart_sync_table.`updated_at` IS NULL''',
  IFNULL(CONCAT(' OR TIMESTAMP_TRUNC(_smart_sync_table.`updated_at`, DAY) IN (', _smart_sync_partitions, ')'), ''),
  ''')
WHEN MATCHED AND _smart_sync_staged._smart_sync_is_staged AND TO_JSON_STRING(STRUCT(_smart_sync_table.`id` AS `id`, _smart_sync_table.`amount` AS `amount`, _smart_sync_table.`tags` AS `tags`, _smart_sync_table.`extra` AS `extra`, _smart_sync_table.`updated_at` AS `updated_at`)) != TO_JSON_STRING(STRUCT(_smart_sync_staged.`id` AS `id`, _smart_sync_staged.`amount` AS `amount`, _smart_sync_staged.`tags` AS `tags`, _smart_sync_staged.`extra` AS `extra`, _smart_sync_staged.`updated_at` AS `updated_at`)) THEN UPDATE SET `id` = _smart_sync_staged.`id`, `amount` = _smart_sync_staged.`amount`, `tags` = _smart_sync_staged.`tags`, `extra` = _smart_sync_staged.`extra`, `updated_at` = _smart_sync_staged.`updated_at`, `_sync_valid_to` = _smart_sync_staged._smart_sync_until, `_sync_is_current` = (_smart_sync_staged._smart_sync_until IS NULL)
WHEN MATCHED AND _smart_sync_staged._smart_sync_moved THEN UPDATE SET `_sync_valid_to` = _smart_sync_staged._smart_sync_until, `_sync_is_current` = (_smart_sync_staged._smart_sync_until IS NULL)
WHEN NOT MATCHED AND _smart_sync_staged._smart_sync_is_staged THEN INSERT (`id`, `amount`, `tags`, `extra`, `updated_at`, `_sync_valid_from`, `_sync_valid_to`, `_sync_is_current`)
  VALUES (_smart_sync_staged.`id`, _smart_sync_staged.`amount`, _smart_sync_staged.`tags`, _smart_sync_staged.`extra`, _smart_sync_staged.`updated_at`, _smart_sync_staged._smart_sync_from, _smart_sync_staged._smart_sync_until, _smart_sync_staged._smart_sync_until IS NULL)''');
SELECT _smart_sync_added + _smart_sync_ended + _smart_sync_replaced AS expected, _smart_sync_added AS added, _smart_sync_ended AS ended, _smart_sync_replaced AS replaced;
