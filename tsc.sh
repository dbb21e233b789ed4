npx tsc -p tsconfig.check.json --pretty false | grep -v "^src/\(stack\)" | head -30
