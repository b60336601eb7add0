# Writes the migrations as a C table: cmake -DOUT=… -DFOLDER=… -P embed.cmake
# One C string a line of SQL, so that the generated file reads like the original.
file(GLOB files ${FOLDER}/[0-9][0-9][0-9][0-9]_*.sql)
list(SORT files)
set(rows "")
foreach(file ${files})
  get_filename_component(stem ${file} NAME_WE)
  string(SUBSTRING "${stem}" 0 4 number)
  string(REGEX REPLACE "^0+" "" number "${number}")
  string(SUBSTRING "${stem}" 5 -1 name)
  file(SHA256 ${file} sha256)
  file(READ ${file} text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "\n" "\\n\"\n\t \"" text "${text}")
  string(APPEND rows "\t{${number}, \"${name}\",\n\t \"${sha256}\",\n\t \"${text}\"},\n")
endforeach()
file(WRITE ${OUT}.new
  "/* Generated from db/migrations by db/embed.cmake. */\n#include \"db/migrations.h\"\n\n"
  "const struct db_migration db_migrations[] = {\n${rows}};\n"
  "const size_t db_migration_count = array_size(db_migrations);\n")
file(RENAME ${OUT}.new ${OUT})
