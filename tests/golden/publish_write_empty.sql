BEGIN TRANSACTION;
IF EXISTS (SELECT 1 FROM `my-project.shop.orders` AS _smart_sync_table WHERE _smart_sync_table.`updated_at` IS NULL OR _smart_sync_table.`updated_at` IS NOT NULL) THEN
  RAISE USING MESSAGE = "WRITE_EMPTY: my-project.shop.orders is not empty";
END IF;
INSERT INTO `my-project.shop.orders` (`id`, `name`, `updated_at`)
SELECT `id`, `name`, `updated_at`
FROM `my-project.shop._sync_staging_20250722t150000_3f9a0c1d`;
COMMIT TRANSACTION;
